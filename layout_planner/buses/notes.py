"""What a reader must know of the school buses: where the routes need more than the layout counted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.county.model import Note
from layout_planner.results import TO_SCHOOL
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from layout_planner.plan.layout import Layout
    from layout_planner.results import BusPlan

WHEN = {"today": Words("现状", "today"), "plan": Words("方案", "under the plan")}


def note_buses(
    when: str, layout: Layout, plan: BusPlan, fleet: pd.DataFrame | None = None, schools: pd.DataFrame | None = None
) -> Iterator[Note]:
    """Yield a note where the routes need more buses than the layout or the `fleet` has, and one where riders have no bus.

    schools : of the county; one whose riders no bus can bring there is named.
    """
    has, said = int(layout.sites["buses"].sum()), WHEN[when]
    if plan.buses > has:
        text = Words(
            f"校车（{said.zh}）：布局按座位数计{has}辆；按真实线路、站点和时限需要{plan.buses}辆，还差{plan.buses - has}辆",
            f"school buses {said.en}: the layout counts {has} by their seats; real routes, stops and time limits need {plan.buses}, "
            f"{plan.buses - has} more",
        )
        yield Note("buses", text, plan.buses - has)
    yield from _note_kinds(said, plan, fleet)
    yield from _note_schools(said, plan, schools)
    yield from _note_few(said, plan)
    there = plan.riders[(plan.riders["direction"] == TO_SCHOOL) & (plan.riders["route_id"] == "")]
    left = int(there["pupils"].sum())
    if left:
        yield Note(
            "buses",
            Words(f"校车（{said.zh}）：{left}名学生附近没有可停靠的站点", f"school buses {said.en}: {left} pupils have no stop near"),
            left,
        )


def _note_few(said: Words, plan: BusPlan) -> Iterator[Note]:
    """Yield a note where morning runs stay under the least number of riders: how many, and how many of their pupils have another way."""
    few = plan.few_riders
    if few is None or few.empty:
        return
    least = f"{few['least'].iloc[0]:.0f}"
    runs, pupils, other = few["route_id"].nunique(), int(few["pupils"].sum()), int(few.loc[few["other_mode"] != "", "pupils"].sum())
    text = Words(
        f"校车（{said.zh}）：{runs}趟不足{least}人，共{pupils}人，同校其他线路带不上；其中{other}人另有不超限的去法",
        f"school buses {said.en}: {runs} morning runs have fewer than {least} riders, {pupils} pupils, whom no other run "
        f"of their school can take along; {other} of them have another way within the norms",
    )
    yield Note("buses.few", text, runs)


def _note_schools(said: Words, plan: BusPlan, schools: pd.DataFrame | None) -> Iterator[Note]:
    """Yield a note a school to which no rider has a bus: no road for buses leads to it."""
    there = plan.riders[plan.riders["direction"] == TO_SCHOOL]
    carried = (there["route_id"] != "").groupby(there["site_id"]).any()
    for site in carried.index[~carried]:
        name = site if schools is None else f"{schools['name'].get(site, site)} ({site})"
        pupils = int(there.loc[there["site_id"] == site, "pupils"].sum())
        text = Words(
            f"校车（{said.zh}）：没有校车可走的路通到{name}，{pupils}名学生无车可乘；核对路网的等级、宽度和单行，或改用别的方式",
            f"school buses {said.en}: no road that a bus may drive leads to {name}; its {pupils} riders have no bus. Check class, width "
            "and one-way of its roads, or choose another way",
        )
        yield Note("buses.no_road", text, pupils)


def _note_kinds(said: Words, plan: BusPlan, fleet: pd.DataFrame | None) -> Iterator[Note]:
    """Yield a note a size of bus of which the fleet table has too few; a kind without a number may be bought as needed."""
    if fleet is None or fleet.empty:
        return
    used = plan.routes.groupby(plan.routes["seats"] + plan.routes["attendant"] + 1)["bus_id"].nunique()
    for people, needed in used.items():
        own = fleet.loc[fleet["seats"] == people, "number"]
        if not own.isna().any() and needed > own.sum():
            text = Words(
                f"校车（{said.zh}）：核载{people}人的校车需要{needed}辆，现有{own.sum():.0f}辆",
                f"school buses {said.en}: {needed} for {people} people are needed, there are {own.sum():.0f}",
            )
            yield Note("buses", text, int(needed - own.sum()))

"""What a reader must know of pupils that were derived or carried into later years."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.county.cohorts import SCHOOL_AGE
from layout_planner.county.model import Note
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.county.model import County
    from layout_planner.norms import NormSet
    from layout_planner.scenario import Scenario


def note_shares(scenario: Scenario) -> Note:
    """Tell that pupils are shares of a population."""
    why = scenario.demand.why
    return Note(
        "demand_shares", Words(f"学生数由人口按比例推算（假设）：{why}", f"pupils are derived from population by assumed shares: {why}")
    )


def note_unaged(reason: Words) -> Note:
    """Tell why pupils are those of the year of the data."""
    return Note(
        "demand_unaged", Words(f"学生数未按年份推移：{reason.zh}", f"pupil counts are not aged to the scenario's year: {reason.en}")
    )


def note_projection(county: County, scenario: Scenario, norms: NormSet, counted: int, last: int, variant: str) -> tuple[Note, ...]:
    """Tell on which assumptions children counted in the year `counted` were carried to the year `last`."""
    if last <= counted:
        return ()
    notes = [_rates(norms, counted, last, variant)]
    years, outlook = last - counted, county.outlook
    given = scenario.demand.projection.births_per_1000 is not None or (outlook is not None and outlook["births"].notna().any())
    if years > SCHOOL_AGE and not given:
        text = Words(
            f"{years}年后的新生人数按最小一岁组重复估计",
            f"for {years} years ahead the youngest cohort is repeated for children not yet born",
        )
        notes.append(Note("births_repeated", text))
    if outlook is not None and len(outlook) and last > outlook["year"].max():
        end = int(outlook["year"].max())
        said = f"the outlook of the townships ends in {end}; its last values continue after it"
        notes.append(Note("outlook_continued", Words(f"乡镇展望止于{end}学年，此后沿用最后一行", said)))
    if county.moves is not None:
        day = f"{counted}-{round(norms.value('demand.school_year_month')):02d}-01"
        done = int((county.moves["date"] <= day).sum())
        if done:
            said = f"{done} moves on or before {day} are taken as counted already"
            notes.append(Note("moves_done", Words(f"{done}项搬迁在{day}或以前，视为已计入人数", said), done))
    return tuple(notes)


def _rates(norms: NormSet, counted: int, last: int, variant: str) -> Note:
    keys = (f"demand.births_change.{variant}", "demand.survival", "demand.net_migration")
    births, survival, migration = (f"{norm.value:g}% [{norm.flag}]" for norm in map(norms.get, keys))
    return Note(
        "demand_carried",
        Words(
            f"儿童数由{counted}学年推移到{last}学年：出生每年变化{births}，每年留存{survival}，未列净迁移的乡镇净迁移{migration}",
            f"children are carried from {counted} to {last}: births change by {births} a year, {survival} are there a year later, "
            f"net migration where none is given {migration}",
        ),
    )

"""What the command line shows of a province: a bar of counties on stderr, the ranked table on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from layout_planner.output.terminal import result_console, verdict_text
from layout_planner.province.parts import PRICED, RESOURCES
from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    import geopandas as gpd
    from rich.progress import TaskID

    from layout_planner.province.run import ProvinceRun

SHOWN_COUNTIES = 30


class ProvinceBar:
    """One bar a stage, counties done of all; silent where JSON was asked for."""

    def __init__(self, lang: Lang, *, quiet: bool = False) -> None:
        self._lang, self._quiet = lang, quiet
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self._bars = Progress(*columns, console=self._console, disable=quiet)
        self._now: TaskID | None = None

    def __enter__(self) -> ProvinceBar:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bars.stop()

    def tell_link(self, link: str) -> None:
        """Say where the work can be watched."""
        if link:
            self._console.print(Words(f"实时进度：{link}", f"watch it live: {link}").say(self._lang), soft_wrap=True)

    def step(self, title: Words) -> None:
        """Begin a stage."""
        if self._now is not None:
            self._bars.stop_task(self._now)
        self._now = self._bars.add_task(escape(title.say(self._lang)), total=None)

    def done(self, done: int, count: int, county_id: str, *, well: bool) -> None:
        """Tell that one more county is done."""
        if self._now is not None:
            self._bars.update(self._now, completed=done, total=count)
        if not well:
            self._console.print(f"[red]✗[/] {escape(county_id)}")


def show_province(run: ProvinceRun, counties: gpd.GeoDataFrame, folder: Path, lang: Lang) -> None:
    """Print the counties ranked, what is shared, what failed, and where the results are."""
    console = result_console()
    console.print(_county_table(counties, lang))
    if len(counties) > SHOWN_COUNTIES:
        console.print(Words(f"仅列前{SHOWN_COUNTIES}个县", f"the first {SHOWN_COUNTIES} counties only").say(lang))
    for name, limit in run.province.budget.limits.items():
        used, wished = float(counties[name].sum()), run.wishes.get(name, 0.0)
        zh, en = RESOURCES[name]
        console.print(Words(f"{zh}：额度{limit:,.0f}，想要{wished:,.0f}，用去{used:,.0f}",
                            f"{en}: limit {limit:,.0f}, wished for {wished:,.0f}, used {used:,.0f}").say(lang))  # fmt: skip
    for number, done in enumerate(run.rounds, start=1):
        priced = zip((PRICED[name] for name in run.province.budget.limits), done.prices, strict=True)
        prices = ", ".join(f"{units * price:.2f} {words.say(lang)}" for (units, words), price in priced)
        console.print(
            Words(
                f"第{number}轮价格（可少几名有风险学生）：{prices}",
                f"prices of round {number} (pupils at risk spared): {prices}",
            ).say(lang)
        )
    for failure in run.failures:
        why = failure.why.say(lang)
        console.print(f"[red]✗ {escape(failure.county_id)}[/] {escape(why)}", soft_wrap=True)
    if run.reused:
        console.print(Words(f"沿用以前算好的结果{run.reused}项", f"{run.reused} results were there from before").say(lang))
    for name in ("province.html", "counties.csv"):
        click.echo(str(folder / name))


def _county_table(counties: gpd.GeoDataFrame, lang: Lang) -> Table:
    table = Table(title=Words("各县排名", "counties ranked").say(lang), title_justify="left")
    heads = [Words("名次", "rank"), Words("县", "county"), Words("学生", "pupils"), Words("现在有风险", "at risk today"),
             Words("方案下", "under the plan"), Words("巩固率", "retention"), Words("年成本（万元）", "cost, 10,000 yuan"),
             Words("床位", "beds"), Words("校车", "buses"), Words("审查", "gate")]  # fmt: skip
    for k, words in enumerate(heads):
        table.add_column(words.say(lang), justify="left" if k in {1, 9} else "right")
    for row in counties.head(SHOWN_COUNTIES).to_dict("records"):
        kept = "—" if row["retention"] != row["retention"] else f"{100 * row['retention']:.1f}%"
        gate = verdict_text(row["gate"], lang) if row["mergers"] else "—"
        plan = [f"{row['at_risk']:,}", kept, f"{row['cost_yuan'] / 10_000:,.0f}", f"{row['new_beds']:,}", f"{row['new_buses']:,}", gate]
        table.add_row(
            str(row["rank"]), escape(row["name" if lang == "zh" else "name_en"]), f"{row['pupils']:,}", f"{row['at_risk_today']:,}", *plan
        )
    return table

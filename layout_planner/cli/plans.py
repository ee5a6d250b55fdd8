"""Verbs that make and compare plans."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from layout_planner.cli.frame import CACHE, DATA, FILE, OUT, common, open_orders, print_json, tell_orders
from layout_planner.errors import EXIT_GATE
from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@OUT
@click.option("--remake", type=FILE, default=None, help="Only make the demo county anew, into this folder.")
@common
def demo(out: Path, remake: Path | None, lang: Lang, *, as_json: bool) -> None:
    """Run the three scenarios of the embedded demo county and compare them."""
    from layout_planner.embedded import demo_scenarios
    from layout_planner.output.terminal import Steps

    if remake is not None:
        from layout_planner.demo.county import make_demo_county

        with Steps(lang, quiet=as_json) as steps:
            make_demo_county(remake, on_step=lambda text: steps(Words(text, text)))
        click.echo(str(remake))
        return
    _run_all(demo_scenarios(), None, out, lang, as_json=as_json)


@click.command()
@click.argument("scenarios", nargs=-1, required=True, type=FILE)
@DATA
@OUT
@CACHE
@common
def run(scenarios: tuple[Path, ...], data_dir: Path | None, out: Path, lang: Lang, *, as_json: bool, cache: Path | None) -> None:
    """Work scenarios through: travel, risk, plan, re-check, gate, maps. Exit code 5 when the gate refuses a plan."""
    verdicts = _run_all(list(scenarios), data_dir, out, lang, as_json=as_json, cache=cache)
    sys.exit(0 if all(verdict == "pass" for verdict in verdicts) else EXIT_GATE)


def _run_all(scenarios: list[Path], data_dir: Path | None, out: Path, lang: Lang, *, as_json: bool, cache: Path | None = None) -> list[str]:
    from layout_planner.output.run_folder import write_comparison, write_run
    from layout_planner.output.run_view import read_view
    from layout_planner.output.terminal import Steps
    from layout_planner.pipeline import run_scenarios

    folders, orders = [], open_orders(cache)
    with Steps(lang, quiet=as_json) as steps:
        for done in run_scenarios(scenarios, data_dir=data_dir, orders=orders, on_step=steps):
            steps(Words(f"写出 {done.scenario.name}", f"writing {done.scenario.name}"))
            folders.append(write_run(done, out, lang))
        views = [read_view(folder) for folder in folders]
        maps = [folder / "map.html" for folder in folders]
        if len(views) > 1:
            steps(Words("写出比较", "writing the comparison"))
            maps = [*maps, *write_comparison(views, out, lang)]
    tell_orders(orders, lang)
    _show_comparison(views, maps, lang, as_json=as_json)
    return [view.verdict for view in views]


def _show_comparison(views: list[Any], pages: list[Path], lang: Lang, *, as_json: bool) -> None:
    from layout_planner.output.terminal import comparison_table, result_console
    from layout_planner.plan.ended import CERTIFICATE

    if as_json:
        runs = [{"name": view.name, "verdict": view.verdict, "mergers": view.mergers, "measures": view.measures} for view in views]
        print_json({"runs": runs, "pages": [str(page) for page in pages]})
        return
    console = result_console()
    console.print(comparison_table(views, lang))
    for view in views:
        for note in view.notes:
            if note.code == CERTIFICATE:
                console.print(f"{view.title.say(lang)}: {note.text.say(lang)}", markup=False)
    for page in pages:
        console.print(str(page), soft_wrap=True, markup=False)


@click.command()
@click.argument("runs", nargs=-1, required=True, type=FILE)
@OUT
@common
def compare(runs: tuple[Path, ...], out: Path, lang: Lang, *, as_json: bool) -> None:
    """Compare stored runs: one table, one page, one map with a scenario switch and a swipe."""
    from layout_planner.output.run_folder import write_comparison
    from layout_planner.output.run_view import read_view

    views = [read_view(folder) for folder in runs]
    _show_comparison(views, write_comparison(views, out, lang), lang, as_json=as_json)


@click.command()
@click.argument("scenario", type=FILE)
@click.argument("site", required=False)
@DATA
@common
def why(scenario: Path, site: str | None, data_dir: Path | None, lang: Lang, *, as_json: bool) -> None:
    """Tell why the plan keeps or closes SITE (id or name): solve once more the other way, and compare figures, villages, refusals.

    Without SITE: whom the plan hurts, or which demands contradict each other, and the cheapest repair: beds, buses, schools kept, roads.
    """
    from layout_planner.output.terminal import Steps, result_console
    from layout_planner.output.why_tables import answer_tables, describe_answer
    from layout_planner.why import answer_why

    if site is None:
        _mend(scenario, data_dir, lang, as_json=as_json)
        return
    with Steps(lang, quiet=as_json) as steps:
        answer = answer_why(scenario, site, data_dir=data_dir, on_step=steps)
    if as_json:
        print_json(describe_answer(answer))
        return
    for part in answer_tables(answer, lang):
        result_console().print(part)


def _mend(scenario: Path, data_dir: Path | None, lang: Lang, *, as_json: bool) -> None:
    from layout_planner.output.repair_tables import describe_repair, repair_tables
    from layout_planner.output.terminal import Steps, result_console
    from layout_planner.repair import study_repair

    with Steps(lang, quiet=as_json) as steps:
        mending = study_repair(scenario, data_dir=data_dir, on_step=steps)
    if as_json:
        print_json(describe_repair(mending))
        return
    for part in repair_tables(mending, lang):
        result_console().print(part)


@click.command()
@click.argument("scenario", type=FILE)
@DATA
@OUT
@click.option("--points", type=click.IntRange(2, 200), default=8, show_default=True, help="Plans at most.")
@click.option("--between", default="kept,yuan", show_default=True, help="Two of kept, minutes, beds, yuan, joined by a comma.")
@click.option("--maps", is_flag=True, help="Draw a map of every plan, which the page leads to.")
@common
def frontier(  # noqa: PLR0913 - its options
    scenario: Path, data_dir: Path | None, out: Path, points: int, between: str, lang: Lang, *, maps: bool, as_json: bool
) -> None:
    """Tell what every number of schools kept costs, or what any two of schools, minutes, beds and yuan cost each other.

    The best safe plan for each bound, as table, chart and page.
    """
    from layout_planner.frontier import draw_run, study_frontier, study_pair
    from layout_planner.output.frontier_pages import describe_frontier, frontier_sentence, frontier_table, write_frontier
    from layout_planner.output.run_view import view_of
    from layout_planner.output.study_files import list_not_counted
    from layout_planner.output.terminal import Steps, result_console

    with Steps(lang, quiet=as_json) as steps:
        pair = _read_pair(between)
        if pair == {"kept", "yuan"}:
            found = study_frontier(scenario, points=points, data_dir=data_dir, on_step=steps)
        else:
            found = study_pair(scenario, (min(pair), max(pair)), points=points, data_dir=data_dir, on_step=steps)
        if maps:
            steps(Words("画出各方案的地图", "drawing a map of every plan"))
        paths = write_frontier(found, out, lang, (view_of(draw_run(found, step)) for step in found.steps if maps))
    if as_json:
        print_json({**describe_frontier(found), "pages": [str(path) for path in paths]})
        return
    console = result_console()
    console.print(frontier_table(found, lang))
    console.print(frontier_sentence(found, lang))
    for line in [text.say(lang) for text in list_not_counted(found.notes)] + [str(path) for path in paths]:
        console.print(line, soft_wrap=True, markup=False)


def _read_pair(between: str) -> set[str]:
    from layout_planner.plan.axes import AXES

    pair = {part.strip() for part in between.split(",")}
    if len(pair) != 2 or between.count(",") != 1 or not pair <= set(AXES):  # noqa: PLR2004
        raise click.BadParameter(f"two of {', '.join(AXES)}", param_hint="--between")
    return pair

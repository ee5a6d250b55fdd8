"""The verb about school buses: routes, stops and times of a scenario or a stored run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from layout_planner.cli.frame import DATA, OUT, STATE, common, print_json

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.output.view import RunView
    from layout_planner.words import Lang


@click.command()
@STATE
@click.option("--when", type=click.Choice(["plan", "today"]), default="plan", show_default=True, help="Buses of the plan or of today.")
@DATA
@OUT
@common
def buses(source: Path, when: str, data_dir: Path | None, out: Path, lang: Lang, *, as_json: bool) -> None:
    """Show the school bus routes; write timetable, map, GPX, GeoJSON and GTFS into OUT/<name>-buses."""
    from layout_planner.output.assess_tables import as_records
    from layout_planner.output.bus_files import write_bus_files
    from layout_planner.output.bus_pages import lines_of, route_table, say_week, sum_up, write_bus_map, write_timetable
    from layout_planner.output.sheets import draw_sheet
    from layout_planner.output.terminal import result_console

    lines = lines_of(_view_of(source, data_dir, lang, quiet=as_json), when)
    folder = out / f"{lines.view.name}-buses"
    write_timetable(lines, folder / "timetable.html", lang)
    write_bus_map(lines, folder / "bus-map.html", lang)
    written = [folder / "timetable.html", folder / "bus-map.html", *write_bus_files(lines, folder)]
    if as_json:
        tables = {name: getattr(lines, name).drop(columns=["geometry", "when"], errors="ignore") for name in ("routes", "stops", "riders")}
        print_json(
            {"sum": sum_up(lines), **{name: as_records(table) for name, table in tables.items()}, "files": [str(p) for p in written]}
        )
        return
    result_console().print(draw_sheet(route_table(lines), lang))
    if week := say_week(lines).say(lang):
        result_console().print(week, markup=False)
    for path in written:
        click.echo(str(path), err=True)


def _view_of(source: Path, data_dir: Path | None, lang: Lang, *, quiet: bool) -> RunView:
    """Return the stored run in a folder, or run a scenario."""
    from layout_planner.output.run_view import read_view, view_of
    from layout_planner.output.terminal import Steps
    from layout_planner.pipeline import run_scenario

    if source.is_dir():
        return read_view(source)
    with Steps(lang, quiet=quiet) as steps:
        return view_of(run_scenario(source, data_dir=data_dir, on_step=steps))

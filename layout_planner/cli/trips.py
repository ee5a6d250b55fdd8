"""Verb about the way to school: all trips, near trips, one trip told leg by leg."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from layout_planner.cli.frame import CACHE, DATA, FILE, OUT, common, open_orders, print_json, tell_orders
from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("scenario", type=FILE)
@click.option("--from", "home", default=None, help="Settlement (id or name) whose one trip is told leg by leg; with --to.")
@click.option("--to", "school", default=None, help="School (id or name) of that trip; with --from.")
@click.option("--band", default=None, help="Whose trip: a band of the scenario; its first when absent.")
@click.option(
    "--within",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    metavar="MINUTES",
    help="Only trips of at most so many minutes, as travel_within.parquet and .csv: for places too large for all pairs.",
)
@CACHE
@DATA
@OUT
@common
def travel(
    scenario: Path,
    data_dir: Path | None,
    out: Path,
    lang: Lang,
    *,
    as_json: bool,
    within: float | None,
    cache: Path | None,
    **trip: str | None,
) -> None:
    """Measure every settlement's trips to every school: travel.parquet, travel.csv and a map. With --from and --to, tell one trip."""
    home, school = trip["home"], trip["school"]
    if (home is None) != (school is None):
        raise click.UsageError("--from and --to belong together")
    if within is not None:
        if home is not None:
            raise click.UsageError("--within goes without --from and --to")
        _list_near(scenario, within, data_dir, out, lang, as_json=as_json)
        return
    if home is not None and school is not None:
        _tell_trip(scenario, (home, school), trip["band"], data_dir, out, lang, as_json=as_json)
        return
    from layout_planner.output.terminal import Steps
    from layout_planner.output.travel_map import write_travel_map
    from layout_planner.output.travel_tables import write_travel
    from layout_planner.pipeline import ground_of

    orders = open_orders(cache)
    with Steps(lang, quiet=as_json) as steps:
        asked, norms, ground = ground_of(scenario, data_dir=data_dir, orders=orders, on_step=steps)
        written = write_travel(ground.travel, norms, out, ground.county.lines)
        steps(Words("绘制地图", "drawing the map"))
        page = out / "travel.html"
        write_travel_map(ground.county, ground.travel, norms, asked, page, lang)
    tell_orders(orders, lang)
    pages = [str(path) for path in (*written, page)]
    print_json(pages) if as_json else click.echo("\n".join(pages))


def _list_near(scenario: Path, minutes: float, data_dir: Path | None, out: Path, lang: Lang, *, as_json: bool) -> None:
    from layout_planner.output.terminal import Steps
    from layout_planner.output.travel_tables import write_near
    from layout_planner.studies import near_trips

    with Steps(lang, quiet=as_json) as steps:
        written = [str(path) for path in write_near(near_trips(scenario, minutes, data_dir=data_dir, on_step=steps), out)]
    print_json(written) if as_json else click.echo("\n".join(written))


def _tell_trip(
    scenario: Path, ends: tuple[str, str], band: str | None, data_dir: Path | None, out: Path, lang: Lang, *, as_json: bool
) -> None:
    from layout_planner.output.terminal import Steps, result_console
    from layout_planner.output.trip_pages import describe_story, trip_tables, write_trip_page
    from layout_planner.studies import tell_trips

    page = out / "trip.html"
    with Steps(lang, quiet=as_json) as steps:
        county, stories = tell_trips(scenario, ends, band=band, data_dir=data_dir, on_step=steps)
        write_trip_page(stories, county, page, lang)
    if as_json:
        print_json({"trips": [describe_story(story, county) for story in stories], "page": str(page)})
        return
    console = result_console()
    for part in trip_tables(stories, county, lang):
        console.print(part)
    console.print(str(page), soft_wrap=True, markup=False)

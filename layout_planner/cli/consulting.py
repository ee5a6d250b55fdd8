"""Verbs that draw maps of stored runs: for the planner's desk, and for the consultation of villages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from layout_planner.cli.frame import FILE, OUT, common, print_json

if TYPE_CHECKING:
    from datetime import datetime

    from layout_planner.words import Lang


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=FILE)
@click.option("--out", "-o", type=FILE, default=Path("public"), show_default=True, help="Folder for what may be published.")
@click.option("--office", default="", help="Where comments are handed in; the scenario's [public] objections_to when absent.")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Last day for comments, like 2027-03-31; the scenario's when absent."
)
@click.option("--norms", "norm_set", default="cn-rural", show_default=True, help="Norm set that says which counts are small.")
@common
def consult(runs: tuple[Path, ...], out: Path, office: str, until: datetime | None, norm_set: str, lang: Lang, *, as_json: bool) -> None:
    """Write the consultation page of stored runs: find my village, now and proposed, what must stand first, leave a comment."""
    from layout_planner.norms import read_norms
    from layout_planner.output.consultation import write_consultation

    least = int(read_norms(norm_set).value("privacy.small_count"))
    day = "" if until is None else until.date().isoformat()
    written = [str(write_consultation(run, out, lang, least=least, office=office, until=day)) for run in runs]
    print_json(written) if as_json else click.echo("\n".join(written))


@click.command("map")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=FILE)
@OUT
@click.option(
    "--tiles",
    "provider",
    type=click.Choice(["osm", "tianditu", "amap"]),
    default=None,
    help="Fetch an online background; no map does so else.",
)
@click.option("--key", default="", help="Your key of Tianditu. It stands in the page for all to read: restrict it.")
@common
def draw_map(runs: tuple[Path, ...], out: Path, provider: str | None, key: str, lang: Lang, *, as_json: bool) -> None:
    """Draw the map of a stored run anew, or of several runs compared, into the folder --out; with an online background on request."""
    from layout_planner.output.maps import write_compare_map, write_map
    from layout_planner.output.run_view import read_view
    from layout_planner.output.tiles import choose_tiles

    tiles = None if provider is None else choose_tiles(provider, key)
    views = [read_view(run) for run in runs]
    path = out / ("map.html" if len(views) == 1 else "compare-map.html")
    if len(views) == 1:
        write_map(views[0], path, lang, tiles=tiles)
    else:
        write_compare_map(views, path, lang, tiles=tiles)
    print_json([str(path)]) if as_json else click.echo(str(path))

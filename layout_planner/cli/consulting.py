"""Verbs for the consultation of villages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from layout_planner.cli.frame import FILE, common, print_json

if TYPE_CHECKING:
    from datetime import datetime

    from layout_planner.words import Lang


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=FILE)
@click.option("--out", "-o", type=FILE, default=Path("public"), show_default=True, help="Folder for what may be published.")
@click.option("--office", default="", help="Where comments are handed in; a blank line when absent.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Last day for comments, like 2027-03-31.")
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

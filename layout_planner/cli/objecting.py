"""The verb that takes in what villagers said of a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from layout_planner.cli.frame import FILE, common, print_json

if TYPE_CHECKING:
    from layout_planner.words import Lang


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option("--out", "-o", type=FILE, default=Path("objections.xlsx"), show_default=True, help="Table for the answers, an .xlsx file.")
@common
def objections(files: tuple[Path, ...], out: Path, lang: Lang, *, as_json: bool) -> None:
    """Collect comments of the consultation map (JSON, or a table with answers) in one table; each once, answers kept."""
    from layout_planner.county.comments import read_comments
    from layout_planner.output.objections_file import count_comments, show_comments, write_objections
    from layout_planner.output.sheets import draw_sheet
    from layout_planner.output.terminal import result_console

    table = read_comments(files)
    write_objections(table, out, lang)
    counted = count_comments(table)
    if as_json:
        print_json({"comments": len(table), "settlements": counted, "file": str(out)})
        return
    result_console().print(draw_sheet(show_comments(counted), lang))
    result_console().print(str(out), soft_wrap=True, markup=False)

"""The verb for the terms after a merger."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import click

from layout_planner.cli.frame import FILE, common, print_json
from layout_planner.errors import EXIT_GATE

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.words import Lang


@click.command()
@click.argument("run", metavar="RUN", type=FILE)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@common
def monitor(run: Path, files: tuple[Path, ...], lang: Lang, *, as_json: bool) -> None:
    """Compare what receiving schools report in the terms after a merger with the plan of RUN. Exit code 5 when a safeguard lapsed."""
    from layout_planner.output.monitoring import monitor_run, show_readings
    from layout_planner.output.sheets import draw_sheet
    from layout_planner.output.terminal import result_console

    view, readings = monitor_run(run, files)
    if as_json:
        print_json(
            [
                {
                    "school_id": r.school_id, "term": r.term, "check": r.check, "planned": r.planned,
                    "actual": None if math.isnan(r.actual) else r.actual, "state": r.state, "text": r.text._asdict(),
                }
                for r in readings
            ]
        )  # fmt: skip
    else:
        result_console().print(draw_sheet(show_readings(view, readings), lang))
    sys.exit(EXIT_GATE if any(reading.state != "good" for reading in readings) else 0)

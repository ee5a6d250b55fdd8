"""Verbs about many counties at once."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - click reads it
from typing import TYPE_CHECKING

import click

from layout_planner.cli.frame import FILE, OUT, common, print_json
from layout_planner.errors import EXIT_GATE, EXIT_INPUT
from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from layout_planner.output.province_terminal import ProvinceBar
    from layout_planner.province.settings import Province

MADE = "province.toml"


@click.command()
@click.argument("province_file", metavar="PROVINCE", type=FILE)
@OUT
@click.option(
    "--workers", type=click.IntRange(min=0), default=None, help="Processes on this machine; one a core when absent, 0 = this one."
)
@click.option("--scheduler", default=None, help="Address of a running Dask scheduler, such as tcp://host:8786, instead of --workers.")
@click.option("--shelf", type=FILE, default=None, help="Folder that keeps the results of counties between runs; OUT/.shelf when absent.")
@click.option("--today", "today_only", is_flag=True, help="Only the counties as they are: trips and who is at risk, no plans.")
@common
def province(  # noqa: PLR0913 - one for each option
    province_file: Path, out: Path, lang: Lang, *, as_json: bool, workers: int | None, scheduler: str | None, shelf: Path | None,
    today_only: bool,
) -> None:  # fmt: skip
    """Work many counties through: ranked, sharing budgets, children across borders. Exit code 3 when one failed, 5 when a gate refuses."""
    from layout_planner.output.province_folder import describe_province, tabulate_counties, write_province
    from layout_planner.output.province_shelf import ProvinceShelf
    from layout_planner.output.province_terminal import ProvinceBar, show_province
    from layout_planner.province.pool import open_pool
    from layout_planner.province.run import run_province
    from layout_planner.province.settings import read_province

    with ProvinceBar(lang, quiet=as_json) as bar:
        asked = read_province(province_file)
        if asked.generated is not None:
            asked = _generate(asked, out, bar)
        kept = ProvinceShelf(shelf or out / ".shelf")
        with open_pool(workers, scheduler) as pool:
            bar.tell_link(pool.link)
            done = run_province(asked, kept, pool, today_only=today_only, on_step=bar.step, on_done=bar.done)
        bar.step(Words("写出结果", "writing the results"))
        folder = write_province(done, kept, out, lang)
        counties = tabulate_counties(done, kept)
    if as_json:
        print_json({**describe_province(done, counties), "reused": done.reused, "folder": str(folder)})
    else:
        show_province(done, counties, folder, lang)
    if done.failures:
        sys.exit(EXIT_INPUT)
    refused = any(part.facts["mergers"] and part.facts["verdict"] != "pass" for part in done.plans.values())
    sys.exit(EXIT_GATE if refused else 0)


def _generate(asked: Province, out: Path, bar: ProvinceBar) -> Province:
    """Return the province with its counties, made into `out` unless they are there."""
    from layout_planner.demo.province import SIZES, make_province
    from layout_planner.province.settings import settle_counties
    from layout_planner.whole import replaced_folder

    assert asked.generated is not None  # noqa: S101 - asked before the call
    size, seed = asked.generated.size, asked.generated.seed
    count, held = SIZES[size]
    place = out / f"{asked.name}-{size}-{seed}"
    if not (place / MADE).is_file():
        bar.step(Words("生成虚构的省", "making the fictitious province"))
        with replaced_folder(place, MADE) as folder:
            make_province(folder, counties=count, size=held, seed=seed, on_step=lambda done, count: bar.done(done, count, "", well=True))
    return settle_counties(asked, place / MADE)

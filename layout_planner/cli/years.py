"""The verb that plans several school years together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from layout_planner.cli.frame import DATA, FILE, OUT, common, print_json

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.words import Lang


@click.command()
@click.argument("scenario", type=FILE)
@DATA
@OUT
@common
def years(scenario: Path, data_dir: Path | None, out: Path, lang: Lang, *, as_json: bool) -> None:
    """Plan the school years of [plan.years] together: what closes, opens and is built when, building before closing."""
    from layout_planner.output.study_files import list_not_counted
    from layout_planner.output.terminal import Steps, result_console
    from layout_planner.output.years_pages import changes_table, describe_years, list_faults, write_years, years_sentence, years_table
    from layout_planner.years import study_years

    with Steps(lang, quiet=as_json) as steps:
        study = study_years(scenario, data_dir=data_dir, on_step=steps)
    paths = write_years(study, out, lang)
    if as_json:
        print_json({**describe_years(study), "pages": [str(path) for path in paths]})
        return
    console = result_console()
    for part in (years_table(study, lang), changes_table(study, lang), years_sentence(study, lang)):
        console.print(part)
    said = [*list_faults(study), *list_not_counted(study.notes)]
    for line in [text.say(lang) for text in said] + [str(path) for path in paths]:
        console.print(line, soft_wrap=True, markup=False)

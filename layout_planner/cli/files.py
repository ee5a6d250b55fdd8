"""Verbs about files: blank forms, checks, column lists, roads from OpenStreetMap."""

from __future__ import annotations

from pathlib import Path

import click

from layout_planner.cli.frame import DATA, FILE, common, print_json
from layout_planner.words import Lang, Words


@click.command()
@click.argument("folder", type=FILE)
@common
def new(folder: Path, lang: Lang, *, as_json: bool) -> None:
    """Write blank Excel forms with notes, and a first scenario, into FOLDER."""
    from layout_planner.county.forms import write_forms

    written = [str(path) for path in write_forms(folder, lang)]
    print_json(written) if as_json else click.echo("\n".join(written))


@click.command()
@click.argument("scenarios", nargs=-1, required=True, type=FILE)
@DATA
@click.option("--report", type=FILE, default=None, help="Write a map and a table of everything wrong or doubtful, one folder a scenario.")
@common
def check(scenarios: tuple[Path, ...], data_dir: Path | None, report: Path | None, lang: Lang, *, as_json: bool) -> None:
    """Check scenarios and all their files; run nothing. Exit code 3 when something must be mended."""
    from layout_planner.pipeline import check_scenarios

    if report is not None:
        _write_quality(scenarios, data_dir, report, lang)
    notes = check_scenarios(list(scenarios), data_dir=data_dir)
    if as_json:
        print_json([{"code": note.code, "text": note.text._asdict(), "count": note.count} for note in notes])
        return
    for note in notes:
        click.echo(f"- {note.text.say(lang)}")
    click.echo(Words("可以运行", "ready to run").say(lang))


def _write_quality(scenarios: tuple[Path, ...], data_dir: Path | None, report: Path, lang: Lang) -> None:
    """Write the quality report of every scenario that can be read, and name the files on stderr."""
    from layout_planner.county.inputs import survey_county
    from layout_planner.county.quality import judge_places
    from layout_planner.output.quality_pages import write_quality
    from layout_planner.scenario import read_scenario

    for source in scenarios:
        scenario = read_scenario(source, data_dir=data_dir)
        survey = survey_county(scenario)
        title = Words(scenario.title.zh, scenario.title.en)
        for path in write_quality(survey, judge_places(survey), title, report / scenario.name, lang):
            click.echo(str(path), err=True)


@click.command()
@click.argument("what", type=click.Choice(["tables", "scenario", "norms"]))
@click.option("--norms", "norm_set", default="cn-rural", show_default=True, help="Norm set to print.")
@click.option("--list", "list_sets", is_flag=True, help="With `norms`: list the norm sets instead.")
@common
def schema(what: str, norm_set: str, lang: Lang, *, list_sets: bool, as_json: bool) -> None:
    """Print the columns of the tables, the keys of a scenario, or the values of a norm set."""
    from layout_planner.output.schemas import print_schema

    print_schema(what, None if list_sets else norm_set, lang, as_json=as_json)


@click.command()
@click.argument("place")
@click.option("--out", "-o", type=FILE, default=Path("roads.graphml"), show_default=True, help="File for the roads.")
@common
def fetch(place: str, out: Path, lang: Lang, *, as_json: bool) -> None:  # noqa: ARG001 - errors are said in `lang` by `common`
    """Fetch the roads of PLACE from OpenStreetMap; the only verb that uses a network."""
    from layout_planner.county.fetch import fetch_roads

    fetch_roads(place, out)
    print_json(str(out)) if as_json else click.echo(str(out))

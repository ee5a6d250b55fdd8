"""Verbs that write papers from stored runs: dossiers of schools, sheets for villages, the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from layout_planner.cli.frame import FILE, common, print_json
from layout_planner.words import Words

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.errors import Problem
    from layout_planner.output.papers.stored import Papers
    from layout_planner.words import Lang

RUN = click.argument("folder", metavar="RUN", type=FILE)
NO_PDF = click.option("--no-pdf", is_flag=True, help="Web pages and text only; no PDF.")


def _tell(paths: list[Path], remarks: list[Words], lang: Lang, *, as_json: bool) -> None:
    """Print the paths on stdout and what could not be made on stderr."""
    for remark in remarks:
        click.echo(remark.say(lang), err=True)
    shown = [str(path) for path in paths]
    print_json({"written": shown, "remarks": [remark._asdict() for remark in remarks]}) if as_json else click.echo("\n".join(shown))


def _find_all(table: pd.DataFrame, asked: tuple[str, ...], role: str) -> tuple[str, ...]:
    """Return the ids of places that are asked for by id or by a name that only one has; all that cannot be found are told at once."""
    from layout_planner.county.find import find_place
    from layout_planner.errors import raise_problems

    faults: list[Problem] = []
    found = tuple(find_place(table, one, role, faults) for one in asked)
    raise_problems(faults)
    return found


@click.command()
@RUN
@click.option("--out", "-o", type=FILE, default=Path("dossiers"), show_default=True, help="Folder for the dossiers of all runs.")
@click.option("--school", "schools", multiple=True, help="Only this school (id or name); may be given several times.")
@click.option(
    "--diff", "old", type=FILE, default=None, help="Write nothing anew; tell what changed since OLD, a folder of dossiers or a run."
)
@NO_PDF
@common
def dossier(folder: Path, out: Path, schools: tuple[str, ...], old: Path | None, lang: Lang, *, as_json: bool, no_pdf: bool) -> None:
    """Write a dossier of every school: map, register, policy (一校一图一本一策), as web page, PDF and text. Internal."""
    from layout_planner.output.papers.folders import write_dossiers
    from layout_planner.output.papers.stored import read_papers
    from layout_planner.output.terminal import Steps

    papers = read_papers(folder)
    schools = _find_all(papers.view.schools, schools, "--school")
    if old is not None:
        _show_changes(papers, old, schools, lang, as_json=as_json)
        return
    with Steps(lang, quiet=as_json) as steps:
        place, remarks = write_dossiers(papers, out, lang, pdf=not no_pdf, only=schools, on_step=steps)
    _tell([place / "index.html"], remarks, lang, as_json=as_json)


def _show_changes(papers: Papers, old: Path, schools: tuple[str, ...], lang: Lang, *, as_json: bool) -> None:
    from layout_planner.output.papers.versions import change_table, compare_versions, data_of, describe_change, read_version
    from layout_planner.output.terminal import result_console

    before = read_version(old)
    if schools:
        before = {**before, "schools": {key: value for key, value in before["schools"].items() if key in schools}}
    changes = compare_versions(before, data_of(papers, schools))
    if as_json:
        print_json({"old": before["digest"], "new": papers.digest, "changes": [describe_change(change) for change in changes]})
        return
    if changes:
        result_console().print(change_table(changes, lang))
    else:
        click.echo(Words("没有改变", "nothing changed").say(lang))


@click.command()
@RUN
@click.option("--out", "-o", type=FILE, default=Path("sheets"), show_default=True, help="Folder for the sheets of all runs.")
@click.option("--settlement", "settlements", multiple=True, help="Only this settlement (id or name); may be given several times.")
@NO_PDF
@common
def sheets(folder: Path, out: Path, settlements: tuple[str, ...], lang: Lang, *, as_json: bool, no_pdf: bool) -> None:
    """Write an A4 sheet for every village: now and proposed, stop and bed, what must stand first, how to object, a QR code. No counts."""
    from layout_planner.output.papers.folders import write_sheets
    from layout_planner.output.papers.stored import read_papers
    from layout_planner.output.terminal import Steps

    papers = read_papers(folder)
    settlements = _find_all(papers.view.settlements, settlements, "--settlement")
    with Steps(lang, quiet=as_json) as steps:
        place, remarks = write_sheets(papers, out, lang, pdf=not no_pdf, only=settlements, on_step=steps)
    _tell(sorted(path for path in place.iterdir() if path.suffix in {".html", ".pdf"}), remarks, lang, as_json=as_json)


@click.command()
@click.argument("folders", metavar="RUN...", nargs=-1, required=True, type=FILE)
@click.option("--out", "-o", type=FILE, default=Path("reports"), show_default=True, help="Folder for the reports of all runs.")
@NO_PDF
@common
def report(folders: tuple[Path, ...], out: Path, lang: Lang, *, as_json: bool, no_pdf: bool) -> None:
    """Write the report of a run, or of several side by side: figures, charts, maps, method, assumptions. Page, PDF, xlsx, docx."""
    from layout_planner.output.papers.report_files import write_report_files
    from layout_planner.output.papers.stored import read_papers
    from layout_planner.output.terminal import Steps

    runs = [read_papers(folder) for folder in folders]
    with Steps(lang, quiet=as_json) as steps:
        paths, remarks = write_report_files(runs, out, lang, pdf=not no_pdf, on_step=steps)
    _tell(paths, remarks, lang, as_json=as_json)

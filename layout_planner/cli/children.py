"""Verbs about children and schools as they are: numbers, retention, risk, status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from layout_planner.cli.frame import DATA, FILE, STATE, common, print_json
from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.output.state import State


@click.command()
@click.argument("scenario", type=FILE)
@click.option("--years", default=None, help="First and last school year, such as 2026-2035; ten years from the data when absent.")
@click.option("--variant", type=click.Choice(["low", "mid", "high"]), default=None, help="Births: low, mid, high; default: the scenario's.")
@click.option("--out", "-o", type=FILE, default=None, help="Folder for demand.parquet, demand.csv, accounts.csv and demand.png.")
@DATA
@common
def demand(
    scenario: Path, years: str | None, variant: str | None, out: Path | None, data_dir: Path | None, lang: Lang, *, as_json: bool
) -> None:
    """Carry the children counted into later years, with an account of every year that adds up."""
    from layout_planner.output.demand_tables import describe_demand, show_demand, write_demand
    from layout_planner.output.terminal import Steps, frame_table, result_console
    from layout_planner.studies import forecast_demand

    with Steps(lang, quiet=as_json) as steps:
        asked, county, forecasts = forecast_demand(scenario, _parse_years(years), data_dir=data_dir, on_step=steps)
        written = [] if out is None else write_demand(asked, county, forecasts, out, lang)
    chosen = forecasts[variant or asked.demand.projection.variant]
    notes = (*(note for note in county.notes if note.code == "population.apportioned"), *chosen.notes)
    pages = [str(path) for path in written]
    if as_json:
        print_json({**describe_demand(asked, forecasts, notes), "pages": pages})
        return
    console = result_console()
    for title, table in show_demand(asked, county, forecasts, chosen, lang).items():
        console.print(frame_table(table, title))
    for note in notes:
        console.print(f"- {note.text.say(lang)}", soft_wrap=True, markup=False)
    for page in pages:
        console.print(page, soft_wrap=True, markup=False)


def _parse_years(text: str | None) -> tuple[int, int] | None:
    """Return the first and last year of `2026-2035`."""
    if text is None:
        return None
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        raise click.UsageError("--years is written like 2026-2035")
    return int(first), int(last or first)


@click.command()
@click.argument("scenarios", nargs=-1, required=True, type=FILE)
@click.option("--out", "-o", type=FILE, default=None, help="Folder for retention.csv, link.csv and link.png of every scenario.")
@DATA
@common
def retention(scenarios: tuple[Path, ...], out: Path | None, data_dir: Path | None, lang: Lang, *, as_json: bool) -> None:
    """Tell retention and dropout by county, township and school, and their link to the way to school. Several counties are ranked."""
    from layout_planner.output.retention_tables import INTERNAL_NOTE, describe_retention, show_retention, tell_curves, write_retention
    from layout_planner.output.terminal import Steps, frame_table, result_console
    from layout_planner.studies import study_retention

    with Steps(lang, quiet=as_json) as steps:
        studies = study_retention(scenarios, data_dir=data_dir, on_step=steps)
        pages = [str(path) for study in studies for path in ([] if out is None else write_retention(study, out, lang))]
    if as_json:
        print_json({"counties": [describe_retention(study) for study in studies], "pages": pages})
        return
    console = result_console()
    for title, table in show_retention(studies, lang).items():
        console.print(frame_table(table, title))
    for line in (*tell_curves(studies, lang), INTERNAL_NOTE.say(lang), *pages):
        console.print(line, soft_wrap=True, markup=False)


@click.command()
@STATE
@DATA
@common
def risk(source: Path, data_dir: Path | None, lang: Lang, *, as_json: bool) -> None:
    """Tell who is at risk today, or under the plan of a stored run: by band, township, group and cause, and how even the ways are."""
    from layout_planner.output.assess_tables import as_records
    from layout_planner.output.risk_tables import bad_day_table, equity_table, risk_summaries
    from layout_planner.output.terminal import frame_table, result_console

    state = _look_at(source, data_dir, lang, quiet=as_json)
    groups, equity, days = (state.assessment[name] for name in ("risk_groups", "equity", "bad_days"))
    if as_json:
        parts = {"at_risk": state.risk, "groups": groups, "equity": equity, "bad_days": days}
        print_json({name: as_records(table) for name, table in parts.items()})
        return
    for title, summary in risk_summaries(state.risk, groups, lang).items():
        result_console().print(frame_table(summary, title))
    names = state.settlements["name"]
    result_console().print(equity_table(equity, state.bands, names, lang))
    if len(days):
        title = Words("坏天气（学生数）", "bad days (pupils)").say(lang)
        shown = state.settlements.get("name_en", names) if lang == "en" else names
        result_console().print(frame_table(bad_day_table(days, shown, lang), title))


@click.command()
@STATE
@DATA
@common
def status(source: Path, data_dir: Path | None, lang: Lang, *, as_json: bool) -> None:
    """Show what every school has and lacks today, or under the plan of a stored run: classes, beds, toilets, teachers, funds, venues."""
    from layout_planner.output.assess_tables import as_records
    from layout_planner.output.sheets import draw_sheet
    from layout_planner.output.status_sheets import status_sheets
    from layout_planner.output.terminal import result_console

    state = _look_at(source, data_dir, lang, quiet=as_json)
    if as_json:
        names = ("school_status", "surroundings", "boarding_queue", "disabled", "home_visits")
        print_json({name: as_records(state.assessment[name]) for name in names})
        return
    for sheet in status_sheets(state.assessment, state.schools, state.when):
        if sheet.rows:
            result_console().print(draw_sheet(sheet, lang))


def _look_at(source: Path, data_dir: Path | None, lang: Lang, *, quiet: bool) -> State:
    """Return the county of a scenario as it is, or under the plan of a stored run."""
    from layout_planner.output.state import read_state, state_today
    from layout_planner.output.terminal import Steps
    from layout_planner.studies import assess_today

    if source.is_dir():
        return read_state(source)
    with Steps(lang, quiet=quiet) as steps:
        return state_today(assess_today(source, data_dir=data_dir, on_step=steps))

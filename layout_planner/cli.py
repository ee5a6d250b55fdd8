"""The command line: each verb parses its words, calls one function, prints and sets the exit code."""

from __future__ import annotations

import functools
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from layout_planner.errors import EXIT_GATE, InputError, PlannerError
from layout_planner.words import Lang, Words, default_lang

if TYPE_CHECKING:
    from collections.abc import Callable

    from layout_planner.output.order_folder import OrderFolder
    from layout_planner.output.state import State

FILE = click.Path(path_type=Path)
FAULT = Words("程序内部错误", "a fault inside the program")


def common(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb --lang and --json, and turn every error into sentences and an exit code."""

    @click.option(
        "--lang", type=click.Choice(["zh", "en"]), default=None, help="Language of results and messages; default from the locale."
    )
    @click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
    @functools.wraps(verb)
    def run_verb(*args: Any, lang: str | None, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - click passes what the verb declares
        said = cast("Lang", lang or default_lang())
        try:
            verb(*args, lang=said, as_json=as_json, **options)
        except PlannerError as error:
            _show_error(error, said, as_json=as_json)
            sys.exit(error.exit_code)
        except click.ClickException:
            raise
        except KeyboardInterrupt:
            click.echo(Words("已中断；已写出的结果保留", "interrupted; what was written stays").say(said), err=True)
            sys.exit(130)
        except Exception as error:
            if os.environ.get("LAYOUT_PLANNER_DEBUG"):
                raise
            how = Words("设置 LAYOUT_PLANNER_DEBUG=1 后重试并报告输出", "set LAYOUT_PLANNER_DEBUG=1, try again and report what it prints")
            click.echo(f"{FAULT.say(said)}: {type(error).__name__}: {error}\n{how.say(said)}", err=True)
            sys.exit(1)

    return run_verb


def _show_error(error: PlannerError, lang: Lang, *, as_json: bool) -> None:
    if as_json:
        problems = [problem.as_dict() for problem in error.problems] if isinstance(error, InputError) else []
        _print_json({"error": error.message._asdict(), "problems": problems})
    click.echo(error.say(lang), err=True)


def _print_json(content: object) -> None:
    click.echo(json.dumps(content, ensure_ascii=False, indent=1))


DATA = click.option("--data", "data_dir", type=FILE, default=None, help="Folder of the data files, instead of the scenario's [data] dir.")
CACHE = click.option("--cache", type=FILE, default=None, help="Folder that keeps, for large counties, the order of the roads between runs.")
OUT = click.option("--out", "-o", type=FILE, default=Path("runs"), show_default=True, help="Folder for the results.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="layout-planner")
def main() -> None:
    """Plan where children go to school, and prove that no merger comes before its safeguards.

    \b
    layout-planner demo                          the demo county, three scenarios
    layout-planner new my-county                 blank Excel forms and a first scenario
    layout-planner check my-county/scenario.toml
    layout-planner run my-county/scenario.toml
    """  # noqa: D301 - \b is click's mark for text that must not be wrapped


@main.command()
@OUT
@click.option("--remake", type=FILE, default=None, help="Only make the demo county anew, into this folder.")
@common
def demo(out: Path, remake: Path | None, lang: Lang, *, as_json: bool) -> None:
    """Run the three scenarios of the embedded demo county and compare them."""
    from layout_planner.embedded import demo_scenarios
    from layout_planner.output.terminal import Steps

    if remake is not None:
        from layout_planner.demo.county import make_demo_county

        with Steps(lang, quiet=as_json) as steps:
            make_demo_county(remake, on_step=lambda text: steps(Words(text, text)))
        click.echo(str(remake))
        return
    _run_all(demo_scenarios(), None, out, lang, as_json=as_json)


@main.command()
@click.argument("folder", type=FILE)
@common
def new(folder: Path, lang: Lang, *, as_json: bool) -> None:
    """Write blank Excel forms with notes, and a first scenario, into FOLDER."""
    from layout_planner.county.forms import write_forms

    written = [str(path) for path in write_forms(folder, lang)]
    _print_json(written) if as_json else click.echo("\n".join(written))


@main.command()
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
        _print_json([{"code": note.code, "text": note.text._asdict(), "count": note.count} for note in notes])
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


@main.command()
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

    orders = _open_orders(cache)
    with Steps(lang, quiet=as_json) as steps:
        asked, norms, ground = ground_of(scenario, data_dir=data_dir, orders=orders, on_step=steps)
        written = write_travel(ground.travel, norms, out, ground.county.lines)
        steps(Words("绘制地图", "drawing the map"))
        page = out / "travel.html"
        write_travel_map(ground.county, ground.travel, norms, asked, page, lang)
    _tell_orders(orders, lang)
    pages = [str(path) for path in (*written, page)]
    _print_json(pages) if as_json else click.echo("\n".join(pages))


def _list_near(scenario: Path, minutes: float, data_dir: Path | None, out: Path, lang: Lang, *, as_json: bool) -> None:
    from layout_planner.output.terminal import Steps
    from layout_planner.output.travel_tables import write_near
    from layout_planner.pipeline import near_trips

    with Steps(lang, quiet=as_json) as steps:
        written = [str(path) for path in write_near(near_trips(scenario, minutes, data_dir=data_dir, on_step=steps), out)]
    _print_json(written) if as_json else click.echo("\n".join(written))


def _open_orders(cache: Path | None) -> OrderFolder | None:
    from layout_planner.output.order_folder import OrderFolder

    return None if cache is None else OrderFolder(cache)


def _tell_orders(orders: OrderFolder | None, lang: Lang) -> None:
    for note in orders.notes if orders is not None else ():
        click.echo(note.text.say(lang), err=True)


def _tell_trip(
    scenario: Path, ends: tuple[str, str], band: str | None, data_dir: Path | None, out: Path, lang: Lang, *, as_json: bool
) -> None:
    from layout_planner.output.terminal import Steps, result_console
    from layout_planner.output.trip_pages import describe_story, trip_tables, write_trip_page
    from layout_planner.pipeline import tell_trips

    page = out / "trip.html"
    with Steps(lang, quiet=as_json) as steps:
        county, stories = tell_trips(scenario, ends, band=band, data_dir=data_dir, on_step=steps)
        write_trip_page(stories, county, page, lang)
    if as_json:
        _print_json({"trips": [describe_story(story, county) for story in stories], "page": str(page)})
        return
    console = result_console()
    for part in trip_tables(stories, county, lang):
        console.print(part)
    console.print(str(page), soft_wrap=True, markup=False)


@main.command()
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
    from layout_planner.pipeline import forecast_demand

    with Steps(lang, quiet=as_json) as steps:
        asked, county, forecasts = forecast_demand(scenario, _parse_years(years), data_dir=data_dir, on_step=steps)
        written = [] if out is None else write_demand(asked, county, forecasts, out, lang)
    chosen = forecasts[variant or asked.demand.projection.variant]
    notes = (*(note for note in county.notes if note.code == "population.apportioned"), *chosen.notes)
    pages = [str(path) for path in written]
    if as_json:
        _print_json({**describe_demand(asked, forecasts, notes), "pages": pages})
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


@main.command()
@click.argument("scenarios", nargs=-1, required=True, type=FILE)
@click.option("--out", "-o", type=FILE, default=None, help="Folder for retention.csv, link.csv and link.png of every scenario.")
@DATA
@common
def retention(scenarios: tuple[Path, ...], out: Path | None, data_dir: Path | None, lang: Lang, *, as_json: bool) -> None:
    """Tell retention and dropout by county, township and school, and their link to the way to school. Several counties are ranked."""
    from layout_planner.output.retention_tables import INTERNAL_NOTE, describe_retention, show_retention, tell_curves, write_retention
    from layout_planner.output.terminal import Steps, frame_table, result_console
    from layout_planner.pipeline import study_retention

    with Steps(lang, quiet=as_json) as steps:
        studies = study_retention(scenarios, data_dir=data_dir, on_step=steps)
        pages = [str(path) for study in studies for path in ([] if out is None else write_retention(study, out, lang))]
    if as_json:
        _print_json({"counties": [describe_retention(study) for study in studies], "pages": pages})
        return
    console = result_console()
    for title, table in show_retention(studies, lang).items():
        console.print(frame_table(table, title))
    for line in (*tell_curves(studies, lang), INTERNAL_NOTE.say(lang), *pages):
        console.print(line, soft_wrap=True, markup=False)


STATE = click.argument("source", metavar="SCENARIO|RUN", type=FILE)


@main.command()
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
        _print_json({name: as_records(table) for name, table in parts.items()})
        return
    for title, summary in risk_summaries(state.risk, groups, lang).items():
        result_console().print(frame_table(summary, title))
    names = state.settlements["name"]
    result_console().print(equity_table(equity, state.bands, names, lang))
    if len(days):
        title = Words("坏天气（学生数）", "bad days (pupils)").say(lang)
        shown = state.settlements.get("name_en", names) if lang == "en" else names
        result_console().print(frame_table(bad_day_table(days, shown, lang), title))


@main.command()
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
        _print_json({name: as_records(state.assessment[name]) for name in names})
        return
    for sheet in status_sheets(state.assessment, state.schools, state.when):
        if sheet.rows:
            result_console().print(draw_sheet(sheet, lang))


def _look_at(source: Path, data_dir: Path | None, lang: Lang, *, quiet: bool) -> State:
    """Return the county of a scenario as it is, or under the plan of a stored run."""
    from layout_planner.output.state import read_state, state_today
    from layout_planner.output.terminal import Steps
    from layout_planner.pipeline import assess_today

    if source.is_dir():
        return read_state(source)
    with Steps(lang, quiet=quiet) as steps:
        return state_today(assess_today(source, data_dir=data_dir, on_step=steps))


@main.command()
@click.argument("scenarios", nargs=-1, required=True, type=FILE)
@DATA
@OUT
@CACHE
@common
def run(scenarios: tuple[Path, ...], data_dir: Path | None, out: Path, lang: Lang, *, as_json: bool, cache: Path | None) -> None:
    """Work scenarios through: travel, risk, plan, re-check, gate, maps. Exit code 5 when the gate refuses a plan."""
    verdicts = _run_all(list(scenarios), data_dir, out, lang, as_json=as_json, cache=cache)
    sys.exit(0 if all(verdict == "pass" for verdict in verdicts) else EXIT_GATE)


def _run_all(scenarios: list[Path], data_dir: Path | None, out: Path, lang: Lang, *, as_json: bool, cache: Path | None = None) -> list[str]:
    from layout_planner.output.run_folder import write_comparison, write_run
    from layout_planner.output.run_view import read_view
    from layout_planner.output.terminal import Steps
    from layout_planner.pipeline import run_scenarios

    folders, orders = [], _open_orders(cache)
    with Steps(lang, quiet=as_json) as steps:
        for done in run_scenarios(scenarios, data_dir=data_dir, orders=orders, on_step=steps):
            steps(Words(f"写出 {done.scenario.name}", f"writing {done.scenario.name}"))
            folders.append(write_run(done, out, lang))
        views = [read_view(folder) for folder in folders]
        maps = [folder / "map.html" for folder in folders]
        if len(views) > 1:
            steps(Words("写出比较", "writing the comparison"))
            maps = [*maps, *write_comparison(views, out, lang)]
    _tell_orders(orders, lang)
    _show_comparison(views, maps, lang, as_json=as_json)
    return [view.verdict for view in views]


def _show_comparison(views: list[Any], pages: list[Path], lang: Lang, *, as_json: bool) -> None:
    from layout_planner.output.terminal import comparison_table, result_console

    if as_json:
        runs = [{"name": view.name, "verdict": view.verdict, "mergers": view.mergers, "measures": view.measures} for view in views]
        _print_json({"runs": runs, "pages": [str(page) for page in pages]})
        return
    console = result_console()
    console.print(comparison_table(views, lang))
    for page in pages:
        console.print(str(page), soft_wrap=True, markup=False)


@main.command()
@click.argument("runs", nargs=-1, required=True, type=FILE)
@OUT
@common
def compare(runs: tuple[Path, ...], out: Path, lang: Lang, *, as_json: bool) -> None:
    """Compare stored runs: one table, one page, one map with a scenario switch and a swipe."""
    from layout_planner.output.run_folder import write_comparison
    from layout_planner.output.run_view import read_view

    views = [read_view(folder) for folder in runs]
    _show_comparison(views, write_comparison(views, out, lang), lang, as_json=as_json)


@main.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=FILE)
@click.option("--out", "-o", type=FILE, default=Path("public"), show_default=True, help="Folder for what may be published.")
@click.option("--norms", "norm_set", default="cn-rural", show_default=True, help="Norm set that says which counts are small.")
@common
def publish(runs: tuple[Path, ...], out: Path, norm_set: str, lang: Lang, *, as_json: bool) -> None:
    """Write map, report and tables of stored runs for the public: no small counts of vulnerable groups, no counts by village."""
    from layout_planner.norms import read_norms
    from layout_planner.output.public import publish_run

    least = int(read_norms(norm_set).value("privacy.small_count"))
    written = [str(path) for folder in runs for path in publish_run(folder, out, lang, least)]
    _print_json(written) if as_json else click.echo("\n".join(written))


@main.command()
@click.argument("folder", metavar="RUN", type=FILE)
@click.option("--check", "recheck", is_flag=True, help="Re-verify the certificate from the files.")
@click.option("--sign", "key", type=FILE, default=None, help="Sign the certificate with this Ed25519 private key (PEM).")
@click.option("--signed-by", "public_key", type=FILE, default=None, help="Check the signature against this public key (PEM).")
@DATA
@common
def gate(folder: Path, data_dir: Path | None, lang: Lang, *, recheck: bool, as_json: bool, **keys: Path | None) -> None:
    """Show the gate's verdict on a stored run and what would lift each refusal. Exit code 5 when it refuses."""
    from layout_planner.output.run_folder import write_signature
    from layout_planner.output.run_view import describe_view, read_view
    from layout_planner.output.terminal import findings_table, result_console, verdict_text
    from layout_planner.safeguards.certificate import check_certificate
    from layout_planner.safeguards.signature import check_signature

    view = read_view(folder)
    if keys["key"] is not None:
        write_signature(folder, keys["key"])
    broken = check_certificate(folder, data_dir) if recheck else []
    broken += check_signature(folder, keys["public_key"]) if keys["public_key"] is not None else []
    if as_json:
        _print_json({"verdict": view.verdict, "findings": describe_view(view)["findings"], "certificate": [w._asdict() for w in broken]})
    else:
        console = result_console()
        console.print(f"{view.title.say(lang)}: {verdict_text(view.verdict, lang)}")
        if view.verdict != "pass":
            console.print(findings_table(view, lang))
        for words in broken:
            console.print(words.say(lang), style="red", markup=False)
    sys.exit(0 if view.verdict == "pass" and not broken else EXIT_GATE)


@main.command()
@click.argument("scenario", type=FILE)
@click.argument("site")
@DATA
@common
def why(scenario: Path, site: str, data_dir: Path | None, lang: Lang, *, as_json: bool) -> None:
    """Tell why the plan keeps or closes SITE (id or name): solve once more the other way, and compare figures, villages, refusals."""
    from layout_planner.output.terminal import Steps, result_console
    from layout_planner.output.why_tables import answer_tables, describe_answer
    from layout_planner.why import answer_why

    with Steps(lang, quiet=as_json) as steps:
        answer = answer_why(scenario, site, data_dir=data_dir, on_step=steps)
    if as_json:
        _print_json(describe_answer(answer))
        return
    for part in answer_tables(answer, lang):
        result_console().print(part)


@main.command()
@click.argument("what", type=click.Choice(["tables", "scenario", "norms"]))
@click.option("--norms", "norm_set", default="cn-rural", show_default=True, help="Norm set to print.")
@click.option("--list", "list_sets", is_flag=True, help="With `norms`: list the norm sets instead.")
@common
def schema(what: str, norm_set: str, lang: Lang, *, list_sets: bool, as_json: bool) -> None:
    """Print the columns of the tables, the keys of a scenario, or the values of a norm set."""
    from layout_planner.output.schemas import print_schema

    print_schema(what, None if list_sets else norm_set, lang, as_json=as_json)


@main.command()
@click.argument("place")
@click.option("--out", "-o", type=FILE, default=Path("roads.graphml"), show_default=True, help="File for the roads.")
@common
def fetch(place: str, out: Path, lang: Lang, *, as_json: bool) -> None:  # noqa: ARG001 - errors are said in `lang` by `common`
    """Fetch the roads of PLACE from OpenStreetMap; the only verb that uses a network."""
    from layout_planner.county.fetch import fetch_roads

    fetch_roads(place, out)
    _print_json(str(out)) if as_json else click.echo(str(out))

"""The folder of a run: written beside its place, then renamed, so that it is old or new but never half."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from layout_planner.assess.townships import sum_townships
from layout_planner.output.bus_plans import join_remedies, join_rounds
from layout_planner.output.maps import write_compare_map, write_map
from layout_planner.output.offline import write_atomically
from layout_planner.output.pages import write_compare_page, write_gate_page
from layout_planner.output.papers.stored import write_paper_tables
from layout_planner.output.report import write_report
from layout_planner.output.run_view import describe_view, view_of, write_view_tables
from layout_planner.output.tables import write_geopackage, write_workbook
from layout_planner.safeguards.certificate import CERTIFICATE, dump_certificate, make_certificate
from layout_planner.safeguards.signature import SIGNATURE, sign_certificate
from layout_planner.whole import replaced_folder, unwritable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from layout_planner.output.view import RunView
    from layout_planner.results import Run
    from layout_planner.words import Lang

MARK = "run.json"
ROUNDS = "visit_rounds.parquet"
TOWNSHIP_GROUPS = "township_groups.parquet"
CERTIFIED = {".json", ".parquet", ".xlsx", ".gpkg"}


def write_run(run: Run, out: Path, lang: Lang) -> Path:
    """Write everything of `run` into the folder `out`/<scenario name> and return it.

    Raises
    ------
    OutputError : the place cannot be written, or holds something that is no run.
    """
    view = view_of(run)
    with replaced_folder(out / run.scenario.name, MARK) as folder:
        write_view_tables(view, folder)
        run.risk_today.to_parquet(folder / "risk_today.parquet")
        run.risk_plan.to_parquet(folder / "risk_plan.parquet")
        sum_townships(run.county).to_parquet(folder / TOWNSHIP_GROUPS)
        if run.county.objections is not None:
            run.county.objections.to_parquet(folder / "objections.parquet")
        for name, table in run.assessment.items():
            table.to_parquet(folder / f"{name}.parquet")
        join_rounds(run).to_parquet(folder / ROUNDS)
        for name, table in join_remedies(run).items():
            table.to_parquet(folder / f"{name}.parquet")
        write_paper_tables(run, folder)
        write_workbook(run, view, folder / "tables.xlsx", lang)
        write_geopackage(view, folder / "plan.gpkg", lang)
        write_map(view, folder / "map.html", lang)
        write_gate_page(view, folder / "gate.html", lang)
        write_report(view, folder / "report.html", lang, run.assessment)
        _write_json(
            folder / MARK,
            {
                "view": describe_view(view),
                "scenario": run.scenario.model_dump(mode="json", exclude={"folder"}),
                "solved": _describe_solved(run),
                "verification": _describe_verification(run),
            },
        )
        _write_certificate(run, folder)
        _write_json(folder / "timing.json", {"solve_s": round(run.solved.seconds, 3)})
    return out / run.scenario.name


def write_signature(folder: Path, key_file: Path) -> None:
    """Sign the certificate of the run in `folder` with the private key in `key_file`.

    Raises
    ------
    InputError : no usable key or no certificate. OutputError : the folder cannot be written.
    """
    write_atomically(folder / SIGNATURE, sign_certificate(folder, key_file))


def write_comparison(views: Sequence[RunView], out: Path, lang: Lang) -> list[Path]:
    """Write `compare.html` and `compare-map.html` of stored runs into `out` and return their paths."""
    page, chart = out / "compare.html", out / "compare-map.html"
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_compare_page(views, page, lang)
        write_compare_map(views, chart, lang)
    except OSError as error:
        raise unwritable(out, error) from error
    return [page, chart]


def _write_certificate(run: Run, folder: Path) -> None:
    """Write the certificate over the run's data files; pages are drawn from these and carry no figure of their own."""
    files = sorted(path.name for path in folder.iterdir() if path.suffix in CERTIFIED)
    certificate = make_certificate(
        folder, files, sources=run.county.sources, scenario=run.scenario, norms=run.norms, plan=run.plan, gate=run.gate,
        verification=run.verification,
    )  # fmt: skip
    (folder / CERTIFICATE).write_bytes(dump_certificate(certificate))


def _describe_solved(run: Run) -> dict[str, Any]:
    solved = run.solved
    return {
        "status": solved.status,
        "objective": solved.objective,
        "bound": solved.bound,
        "gap": solved.gap,
        "seed": solved.seed,
        "terms": solved.terms,
        "versions": solved.versions,
    }


def _describe_verification(run: Run) -> dict[str, Any]:
    checked = run.verification
    return {
        "trips": checked.trips,
        "worst_difference_s": round(checked.worst_difference_s, 3),
        "disagreements": [words._asdict() for words in checked.disagreements],
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")

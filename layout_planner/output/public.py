"""What may leave the bureau: a map, a report and tables of a run without small counts and without counts of children by village.

Built from what is allowed in, never by striking things out: villages carry a size class instead of a count, trips carry no count at all,
groups stand by township with small counts hidden (see `privacy`), findings stand as rule and verdict without their sentences.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from openpyxl import Workbook

from layout_planner.assess.groups import GROUPS
from layout_planner.compare import MEASURES
from layout_planner.errors import InputError, OutputError, Problem
from layout_planner.names import FORMS, name_band, name_mode, name_rule
from layout_planner.output.bus_plans import BUS_TABLES
from layout_planner.output.map_data import FIGURES, State, encode_map, pair
from layout_planner.output.map_layers import encode_ways
from layout_planner.output.maps import write_folium_page
from layout_planner.output.pages import describe_run, page_words, show_measure, write_page
from layout_planner.output.run_folder import TOWNSHIP_GROUPS
from layout_planner.output.run_view import read_view
from layout_planner.output.tables import fill_sheet
from layout_planner.privacy import suppress_small
from layout_planner.whole import unwritable, whole_file
from layout_planner.words import Words
from layout_planner.workbook import workbook_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.output.view import RunView
    from layout_planner.results import Finding
    from layout_planner.words import Lang

SIZES = (0, 1, 5, 20, 50, 100)  # lower ends of the classes; the second holds every count that is small
SIZE_WORDS: tuple[Words, ...] = (
    Words("无学生", "no pupils"),
    Words("不足5人", "fewer than 5 pupils"),
    Words("5-19人", "5-19 pupils"),
    Words("20-49人", "20-49 pupils"),
    Words("50-99人", "50-99 pupils"),
    Words("100人及以上", "100 pupils or more"),
)
DRAWN = (0, 2, 10, 30, 70, 120)  # stands for the class where the size of a mark is drawn
COUNTED = (  # measures that count children
    "at_risk", "unserved", "newly_at_risk", "at_risk_pessimistic", "cut_off_worst_day", "boarders", "moved", "at_risk_weighted",
    "split_siblings",
)  # fmt: skip
ALL = Words("全县", "county")
PUBLIC_WORDS = {
    "internal": ("公开版", "Public version"),
    "internal_long": (
        "公开版：村寨只显示人数档次，弱势群体的小数字已隐去。",
        "Public version: villages show a size class only; small counts are hidden.",
    ),
}
HEADS = {
    "name": Words("居民点", "settlement"), "township": Words("乡镇", "township"), "size": Words("学生数档次", "pupils, class"),
    "band": Words("学段", "band"), "when": Words("时点", "when"), "school": Words("学校", "school"), "mode": Words("方式", "mode"),
    "minutes": Words("单程分钟", "minutes one way"), "within": Words("符合规范", "within the norms"),
    "before": Words("现状", "today"), "after": Words("方案", "plan"), "pupils_before": Words("现状学生", "pupils today"),
    "pupils_after": Words("方案学生", "pupils under the plan"), "verdict": Words("结论", "verdict"),
}  # fmt: skip


def publish_run(run: Path, out: Path, lang: Lang, least: int) -> list[Path]:
    """Write `map.html`, `report.html` and `tables.xlsx` for the public into `out`/<run> and return their paths.

    Parameters
    ----------
    run : folder of a stored run.
    least : smallest count of a vulnerable group that is published.

    Raises
    ------
    InputError : the folder holds no complete run. OutputError : the place cannot be written, or holds a run.
    """
    view = read_view(run)
    try:
        groups = pd.read_parquet(run / TOWNSHIP_GROUPS)
    except (OSError, ValueError):
        what = Words("运行结果缺少分乡镇人数", "the run holds no counts by township")
        raise InputError([Problem(str(run), what, Words("用本版本重新运行", "run it again with this version"))]) from None
    folder = out / view.name
    if (folder / "run.json").exists():
        raise OutputError(Words(f"{folder} 是内部运行结果，请换一个 --out", f"{folder} holds an internal run: choose another --out"))
    public, shown = public_view(view, least), suppress_small(groups, least, total=ALL.say(lang))
    paths = [folder / name for name in ("map.html", "report.html", "tables.xlsx")]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_folium_page("map.html", encode_public_map(public, lang), view.title, paths[0], lang)
        write_page("public.html", _describe(public, suppress_small(groups, least, total=""), least), paths[1], lang, words=_words())
        with whole_file(paths[2]) as beside:
            beside.write_bytes(workbook_bytes(_workbook(public, shown, lang)))
    except OSError as error:
        raise unwritable(folder, error) from error
    return paths


def public_view(view: RunView, least: int) -> RunView:
    """Return `view` with only what the public may see; counts of children below `least` are NaN, trips weigh 1 each."""
    homes = view.settlements[["name", "name_en", "township", "kind", "geometry"]].copy()
    homes["size"] = size_class(view.settlements["pupils"].to_numpy(dtype=float))
    homes["pupils"] = np.array(DRAWN)[homes["size"]]
    for name in ("access_m", "off_network", "over_terrain"):
        homes[name] = view.settlements[name]
    trips = view.trips[view.trips["pupils"] > 0].assign(pupils=1)
    trips = trips.drop_duplicates(["settlement_id", "band", "when", "school_id", "mode"]).reset_index(drop=True)
    schools = view.schools.copy()
    for name in ("pupils_today", "pupils_plan", "boarders_today", "boarders_plan"):
        counts = schools[name].astype(float)
        schools[name] = counts.where((counts >= least) | (counts == 0))
    measures = {when: {key: _hide_small(key, value, least) for key, value in figures.items()} for when, figures in view.measures.items()}
    told: dict[tuple[str, str, str], Finding] = {}  # once a rule, not once a village
    for finding in view.findings:
        bare = replace(finding, text=name_rule(finding.rule), cure=Words("", ""), measured=None, limit=None, settlements=(), evidence="")
        told.setdefault((finding.subject, finding.rule, finding.verdict), bare)
    shown = replace(view, settlements=homes, trips=trips, schools=schools, measures=measures, findings=tuple(told.values()))
    return replace(shown, notes=(), venues=None, **_uncount_buses(view))


def _uncount_buses(view: RunView) -> dict[str, Any]:
    """Return the bus tables without the number of riders anywhere."""
    tables = {name: getattr(view, name) for name in BUS_TABLES}
    return {name: None if table is None else table.drop(columns=["riders", "pupils"], errors="ignore") for name, table in tables.items()}


def size_class(pupils: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.int_]]:
    """Return the position in SIZES of every count."""
    return np.searchsorted(SIZES, pupils, side="right") - 1


def _hide_small(key: str, value: float, least: int) -> float:
    return value if key not in COUNTED or value == 0 or value >= least else np.nan


def encode_public_map(view: RunView, lang: Lang) -> dict[str, Any]:
    """Return the blob of the map of a public view."""
    counted = [f"{what}_{when}" for what in ("pupils", "boarders") for when in ("today", "plan")]
    unknown = dict.fromkeys(FIGURES, np.nan)  # never counted from the trips, which weigh 1 each
    measures = {when: unknown | view.measures.get(when, {}) for when in ("today", "plan")}
    drawn = replace(view, schools=view.schools.fillna(dict.fromkeys(counted, -1)), measures=measures)
    data = encode_map([State(drawn, "today"), State(drawn, "plan")], lang)
    data["villages"]["size"] = [int(size) for size in view.settlements["size"]]
    data["sizes"] = [pair(words) for words in SIZE_WORDS]
    data["words"] |= PUBLIC_WORDS
    data["rows"] = {"villages": [], "schools": []}
    places = ({key: at for at, key in enumerate(data[kind]["id"])} for kind in ("villages", "schools"))
    data["ways"] = encode_ways([view.ways], *places)
    data["sources"] = [[role, name, rows] for role, name, rows in data["sources"] if role == "roads"]
    return data


def _words() -> dict[str, tuple[str, str]]:
    return page_words() | PUBLIC_WORDS


def _describe(view: RunView, groups: pd.DataFrame, least: int) -> dict[str, Any]:
    """Return what the public report prints."""
    return describe_run(replace(view, mergers=()), Words("公开报告", "Public report")) | {
        "figures": [
            {
                "label": pair(measure.label),
                "values": [_show(key, view.measures.get(when, {}).get(key), least) for when in ("today", "plan")],
            }
            for key, measure in MEASURES.items()
            if key in view.measures.get("plan", {})
        ],
        "least": least,
        "sites": [_describe_site(view, school_id, least) for school_id in view.mergers],
        "groups": [pair(GROUPS[name]) for name in groups.columns],
        "townships": [
            [pair(Words(str(name), str(name)) if name else ALL), ["·" if value is pd.NA else f"{value:,}" for value in row]]
            for name, row in zip(groups.index, groups.itertuples(index=False), strict=True)
        ],
    }


def _show(key: str, value: float | None, least: int) -> str:
    return f"<{least}" if value is not None and np.isnan(value) else show_measure(key, value)


def _describe_site(view: RunView, school_id: str, least: int) -> dict[str, Any]:
    site = view.schools.loc[school_id]
    found = [f for f in view.findings if f.subject == school_id]
    verdicts = [f.verdict for f in found]
    verdict = "fail" if "fail" in verdicts else "pass" if verdicts and set(verdicts) == {"pass"} else "unknown"
    counts = [_count(site[f"pupils_{when}"], least) for when in ("today", "plan")]
    refused = [pair(name_rule(rule)) for rule in dict.fromkeys(f.rule for f in found if f.verdict != "pass")]
    names = {"name": str(site["name"]), "name_en": str(site["name_en"]), "township": str(site["township"])}
    return {**names, "before": site["form_today"], "after": site["form_plan"], "pupils": counts, "verdict": verdict, "refused": refused}


def _count(value: float, least: int) -> str:
    return f"<{least}" if np.isnan(value) else f"{value:,.0f}"


def _workbook(view: RunView, groups: pd.DataFrame, lang: Lang) -> Workbook:
    book = Workbook()
    book.remove(book.active)
    named = groups.rename(columns={name: words.say(lang) for name, words in GROUPS.items()}).rename_axis(HEADS["township"].say(lang))
    hidden = named.astype(object).where(named.notna(), "·")
    sheets = {
        Words("各类学生", "groups"): hidden.reset_index(),
        Words("上学去向", "trips"): _list_trips(view, lang),
        Words("学校", "schools"): _list_schools(view, lang),
    }
    for title, table in sheets.items():
        fill_sheet(book.create_sheet(title.say(lang)), table)
    return book


def _list_trips(view: RunView, lang: Lang) -> pd.DataFrame:
    trips = view.trips
    homes = view.settlements.reindex(trips["settlement_id"])
    whens = {"today": HEADS["before"].say(lang), "plan": HEADS["after"].say(lang)}
    yes, no = Words("是", "yes").say(lang), Words("否", "no").say(lang)
    columns = {
        "name": homes["name"].to_numpy(),
        "township": homes["township"].to_numpy(),
        "size": [SIZE_WORDS[size].say(lang) for size in homes["size"]],
        "band": [name_band(band, view.bands.get(band, ())).say(lang) for band in trips["band"]],
        "when": [whens[when] for when in trips["when"]],
        "school": view.schools["name"].reindex(trips["school_id"]).fillna("").to_numpy(),
        "mode": [name_mode(mode).say(lang) for mode in trips["mode"]],
        "minutes": np.round(trips["seconds"].to_numpy(dtype=float) / 60, 0),
        "within": [yes if cause == "" else no for cause in trips["cause"]],
    }
    return pd.DataFrame({HEADS[key].say(lang): values for key, values in columns.items()})


def _list_schools(view: RunView, lang: Lang) -> pd.DataFrame:
    table = view.schools
    columns = {
        "school": table["name"].to_numpy(),
        "township": table["township"].to_numpy(),
        "before": [FORMS[form].say(lang) for form in table["form_today"]],
        "after": [FORMS[form].say(lang) for form in table["form_plan"]],
        "pupils_before": ["·" if np.isnan(value) else int(value) for value in table["pupils_today"]],
        "pupils_after": ["·" if np.isnan(value) else int(value) for value in table["pupils_plan"]],
    }
    return pd.DataFrame({HEADS[key].say(lang): values for key, values in columns.items()})

"""Retention, dropout and their link to the way to school as people read them: tables, sentences, files and a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layout_planner.assess.commute_link import BOARDING
from layout_planner.assess.retention import INDICATORS, LEVELS, RATES, rank_places
from layout_planner.output.charts import save_png
from layout_planner.output.study_files import write_study
from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from layout_planner.studies import Retention

STAGE_WORDS = {"all": Words("九年义务教育", "nine years"), "primary": Words("小学", "primary"), "junior": Words("初中", "junior")}
OUTCOME_WORDS = {"suspected": Words("疑似辍学", "suspected dropout"), "dropped_out": Words("经核实辍学", "confirmed dropout")}
INTERNAL_NOTE = Words("内部资料：小数目不得公开", "internal: small counts are not for publication")
HEADS = {
    "rank": Words("名次", "rank"),
    "county": Words("县", "county"),
    "name": Words("名称", "name"),
    "stage": Words("学段", "stage"),
    "enrolled": Words("年初在校", "enrolled"),
    "dropped_out": Words("辍学", "dropouts"),
    "suspected": Words("疑似", "suspected"),
    "graduated": Words("毕业", "graduated"),
    "entered": Words("入学", "entered"),
    "dropout_register": Words("辍学率%", "dropout %"),
    "dropout_statistical": Words("统计辍学率%", "statistical dropout %"),
    "suspected_share": Words("疑似率%", "suspected %"),
    "retention": Words("巩固率%", "retention %"),
}
LINK_HEADS = {
    "minutes": Words("单程分钟", "minutes one way"),
    "units": Words("学校学段", "schools and bands"),
    "pupils": Words("学生", "pupils"),
    "events": Words("人数", "stay away"),
    "share": Words("比例%", "share %"),
    "low": Words("95%下限", "95 % low"),
    "high": Words("95%上限", "95 % high"),
}
WORST_SCHOOLS = 15
UNKNOWN = "—"


def show_retention(studies: Sequence[Retention], lang: Lang) -> dict[str, pd.DataFrame]:
    """Return the tables: counties (ranked when there are several), townships ranked, the schools that lose most, the link by minutes."""
    titles = [study.scenario.title.zh if lang == "zh" else study.scenario.title.en for study in studies]
    named = titles if len(set(titles)) == len(titles) else [study.scenario.name for study in studies]
    rates = {name: study.rates for name, study in zip(named, studies, strict=True)}
    tables = {}
    if len(studies) > 1:
        tables[Words("各县排名", "counties, ranked").say(lang)] = _shown(
            rank_places(rates, "county"), ["rank", "county", *_figures()], lang
        )
    for (county, table), study in zip(rates.items(), studies, strict=True):
        lead = f"{county}, {study.year}: " if lang == "en" else f"{county}，{study.year}学年："
        own = {county: table}
        counties = table[table["level"] == LEVELS[0]]
        schools = table[(table["level"] == "school") & (table["stage"] == "all")]
        worst = schools.sort_values(["suspected_share", "key"], ascending=[False, True], na_position="last").head(WORST_SCHOOLS)
        tables |= {
            lead + Words("全县", "the county").say(lang): _shown(counties, ["stage", *_figures()], lang),
            lead + Words("各乡镇排名", "townships, ranked").say(lang): _shown(
                rank_places(own, "township"), ["rank", "name", *_figures()], lang
            ),
            lead + Words("疑似辍学率最高的学校", "schools with the highest share of suspected dropout").say(lang): (
                _shown(worst, ["name", *_figures()], lang)
            ),
        }
        for outcome, (_, link, _) in study.links.items():
            tables[lead + OUTCOME_WORDS[outcome].say(lang) + Words("与上学时间", " by minutes to school").say(lang)] = _show_link(
                link, lang
            )
    return tables


def _figures() -> list[str]:
    return ["enrolled", "dropped_out", "suspected", "graduated", "entered", *RATES]


def _shown(table: pd.DataFrame, columns: list[str], lang: Lang) -> pd.DataFrame:
    shown = table[columns].copy()
    for name in columns:
        if name in RATES:
            shown[name] = [UNKNOWN if np.isnan(value) else f"{100 * value:.2f}" for value in table[name]]
        elif name in HEADS and shown[name].dtype == float:
            shown[name] = [UNKNOWN if np.isnan(value) else f"{value:.0f}" for value in table[name]]
    if "stage" in shown:
        shown["stage"] = [STAGE_WORDS[stage].say(lang) for stage in table["stage"]]
    return shown.rename(columns={name: head.say(lang) for name, head in HEADS.items()})


def _show_link(link: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    shown = link.astype({"minutes": object})
    shown["minutes"] = [Words("多数寄宿", "mostly boarding").say(lang) if name == BOARDING else name for name in link["minutes"]]
    for name in ("share", "low", "high"):
        shown[name] = [UNKNOWN if np.isnan(value) else f"{100 * value:.2f}" for value in link[name]]
    return shown.rename(columns={name: head.say(lang) for name, head in LINK_HEADS.items()})


def tell_curves(studies: Sequence[Retention], lang: Lang) -> list[str]:
    """Return a sentence a curve, or why there is none, and then how every rate is defined with source and flag."""
    lines = []
    for study in studies:
        for outcome, (_, _, curve) in study.links.items():
            said = OUTCOME_WORDS[outcome]
            if curve.odds is None:
                reason = curve.reason or Words("", "")
                lines.append(Words(f"{said.zh}：{reason.zh}", f"{said.en}: {reason.en}").say(lang))
                continue
            middle, low, high = curve.odds
            text = Words(
                f"{said.zh}：上学每远10分钟，发生比乘以{middle:.2f}（95%区间{low:.2f}-{high:.2f}，离散系数{curve.dispersion:.2f}）；是相关，不证明因果",
                f"{said.en}: every 10 minutes more multiply the odds by {middle:.2f} (95 % {low:.2f}-{high:.2f}, dispersion "
                f"{curve.dispersion:.2f}); it goes together, which proves no cause",
            )
            lines.append(text.say(lang))
    known = {indicator.key: indicator for indicator in studies[0].norms.indicators}
    for rate, keys in INDICATORS.items():
        for key in keys:
            if key in known:
                source = f"{known[key].instrument} [{known[key].flag}]".strip()
                note = known[key].note.say(lang)
                more = f"{'；' if lang == 'zh' else '; '}{note}" if note else ""
                lines.append(f"{HEADS[rate].say(lang)} ({key}): {known[key].formula.say(lang)} {source}{more}")
    return lines


def describe_retention(study: Retention) -> dict[str, Any]:
    """Return a study as plain JSON values; what is not known is null."""
    links = {}
    for outcome, (_, link, curve) in study.links.items():
        points = None if curve.points is None else curve.points.to_dict(orient="records")
        links[outcome] = {
            "table": _records(link),
            "curve": points,
            "odds_of_ten_minutes": curve.odds,
            "reason": None if curve.reason is None else curve.reason._asdict(),
        }
    return {
        "scenario": study.scenario.name,
        "year": study.year,
        "rates": _records(study.rates),
        "links": links,
        "internal": INTERNAL_NOTE._asdict(),
    }


def _records(table: pd.DataFrame) -> list[dict[Any, Any]]:
    return table.astype(object).where(table.notna(), None).to_dict(orient="records")


def write_retention(study: Retention, out: Path, lang: Lang) -> list[Path]:
    """Write retention.csv, link.csv and link.png into the folder `out`/<scenario name> and return their paths.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    folder = out / study.scenario.name
    links = pd.concat([link.assign(outcome=outcome) for outcome, (_, link, _) in study.links.items()], ignore_index=True)
    chart = save_png(lambda figure, said: _draw_links(figure, study, said), lang)
    return write_study(folder, {"retention.csv": study.rates.round(6), "link.csv": links.round(6), "link.png": chart})


def _draw_links(figure: Figure, study: Retention, lang: Lang) -> None:
    """Draw, for each outcome, a dot a school and band as large as its pupils, and the curve with its 95 % band where there is one."""
    figure.set_size_inches(10, 4.4)
    for axes, (outcome, (units, _, curve)) in zip(figure.subplots(1, len(study.links)), study.links.items(), strict=True):
        _draw_link(axes, units.assign(minutes=units["minutes"].clip(upper=study.norms.value("link.most_minutes"))), curve.points)
        title = OUTCOME_WORDS[outcome].say(lang)
        missing = "" if curve.reason is None else "\n" + curve.reason.say(lang)
        axes.set_title(title + missing, fontsize=11)
        axes.set_xlabel(Words("平均单程分钟（走读）", "mean minutes one way, day pupils").say(lang))
        axes.set_ylabel(Words("占学生的百分比", "per cent of pupils").say(lang))


def _draw_link(axes: Axes, units: pd.DataFrame, points: pd.DataFrame | None) -> None:
    day = units[units["minutes"].notna()]
    share = 100 * day["events"] / day["pupils"]
    axes.scatter(day["minutes"], share, s=4 + day["pupils"] / 8, color="#1b6ca8", alpha=0.35, linewidths=0)
    if points is not None:
        axes.plot(points["minutes"], 100 * points["share"], color="#d1603d", linewidth=2)
        axes.fill_between(points["minutes"], 100 * points["low"], 100 * points["high"], color="#d1603d", alpha=0.2, linewidth=0)
    axes.set_ylim(0, max(1.0, float(share.quantile(0.97)) * 1.15) if len(share) else 1.0)
    axes.set_xlim(left=0)
    axes.grid(axis="y", alpha=0.3)

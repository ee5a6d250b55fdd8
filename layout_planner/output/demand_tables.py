"""Children of later years as people read them: tables, files and a chart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from layout_planner.county.projection import INCOMING, OUTGOING
from layout_planner.names import name_band
from layout_planner.output.charts import save_png
from layout_planner.output.study_files import write_study
from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from matplotlib.figure import Figure

    from layout_planner.county.demand import Forecast
    from layout_planner.county.model import County, Note
    from layout_planner.scenario import Scenario

VARIANT_WORDS = {"low": Words("低", "low"), "mid": Words("中", "mid"), "high": Words("高", "high")}
ACCOUNT_HEADS = {
    "year": Words("学年", "year"),
    "township": Words("乡镇", "township"),
    "opening": Words("年初儿童", "opening"),
    "born": Words("出生", "born"),
    "migrated_in": Words("迁入", "migrated in"),
    "arrived": Words("随迁子女", "arrived"),
    "resettled_in": Words("搬迁入", "resettled in"),
    "lost": Words("减员", "lost"),
    "migrated_out": Words("迁出", "migrated out"),
    "resettled_out": Words("搬迁出", "resettled out"),
    "graduated": Words("九年级毕业", "graduated"),
    "closing": Words("年末儿童", "closing"),
    "pupils": Words("其中1-9年级", "of these grades 1-9"),
}
WHOLE_COUNTY = Words("全县", "county")
FLOWS = dict.fromkeys(INCOMING, 1) | dict.fromkeys(OUTGOING, -1)
COLOURS = ("#1b6ca8", "#d1603d", "#3c8d5a", "#7a5195", "#8c6d1f")


def show_accounts(accounts: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    """Return accounts (ACCOUNT_COLUMNS) with heads in `lang`; the county's row is named."""
    named = accounts.assign(township=accounts["township"].where(accounts["township"] != "", WHOLE_COUNTY.say(lang)))
    return named.rename(columns={name: head.say(lang) for name, head in ACCOUNT_HEADS.items()})


def show_demand(
    scenario: Scenario, county: County, forecasts: Mapping[str, Forecast], chosen: Forecast, lang: Lang
) -> dict[str, pd.DataFrame]:
    """Return pupils by year and band, pupils by variant, the county's account, and townships from the first to the last year."""
    years = sorted(chosen.parts)
    bands = {band: name_band(band, grades).say(lang) for band, grades in scenario.bands.items()}
    year = ACCOUNT_HEADS["year"].say(lang)
    by_band = pd.DataFrame([chosen.pupils(when, scenario.bands).sum() for when in years]).rename(columns=bands)
    by_band.insert(0, year, years)
    for variant, forecast in forecasts.items():
        name = Words(f"合计（{VARIANT_WORDS[variant].zh}）", f"total, {variant}").say(lang)
        by_band[name] = [int(forecast.pupils(when, scenario.bands).to_numpy().sum()) for when in years]
    account = round_account(chosen.accounts[chosen.accounts["township"] == ""].drop(columns="township"))
    account["pupils"] = [int(chosen.pupils(when, scenario.bands).to_numpy().sum()) for when in account["year"]]  # as in the table above
    tables = {
        Words("各学年学生数", "pupils by school year").say(lang): by_band,
        Words(
            "人数推移：年初 + 各项增加 - 各项减少 = 年末（整数；精确到千分之一的见accounts.csv）",
            "children: opening + what is added - what is taken = closing (whole children; to the thousandth in accounts.csv)",
        ).say(lang): account.rename(columns={name: head.say(lang) for name, head in ACCOUNT_HEADS.items()}),
    }
    if "township" in county.settlements:
        tables[Words("各乡镇学生数", "pupils by township").say(lang)] = _by_township(scenario, county, chosen, lang)
    return {title: _space_thousands(table, year) for title, table in tables.items()}


def _space_thousands(table: pd.DataFrame, year: str) -> pd.DataFrame:
    """Return the table with its whole numbers as they are printed, but for the column of years."""
    spaced = table.astype(object)
    for name in (name for name in table if name != year and pd.api.types.is_integer_dtype(table[name])):
        spaced[name] = [f"{value:,}" for value in table[name]]
    return spaced


def round_account(accounts: pd.DataFrame) -> pd.DataFrame:
    """Return accounts (ACCOUNT_COLUMNS) in whole children that still add up, row by row and from one year to the next.

    Every figure is the nearest whole one; what is then missing is told with the greatest of what came and went, where it matters least.
    """
    rows = []
    for exact in accounts[["opening", "closing", "pupils", *FLOWS]].to_dict("records"):
        whole = {str(name): _nearest(value) for name, value in exact.items()}
        missing = whole["closing"] - whole["opening"] - sum(sign * whole[name] for name, sign in FLOWS.items())
        parted = sorted((name for name in FLOWS if exact[name] != whole[name]), key=lambda name: -whole[name])
        rows.append(whole | {name: whole[name] + FLOWS[name] * (1 if missing > 0 else -1) for name in parted[: abs(missing)]})
    return accounts.assign(**pd.DataFrame(rows, index=accounts.index))


def _nearest(value: float) -> int:
    """Return the nearest whole number, halves upwards."""
    return math.floor(value + 0.5)


def _by_township(scenario: Scenario, county: County, forecast: Forecast, lang: Lang) -> pd.DataFrame:
    years = sorted({min(forecast.parts), *(year for year in forecast.parts if (year - min(forecast.parts)) % 3 == 0), max(forecast.parts)})
    counted = {str(year): forecast.pupils(year, scenario.bands).sum(axis=1) for year in years}
    table = pd.DataFrame(counted).groupby(county.settlements["township"]).sum().sort_index()
    first, last = table[str(years[0])], table[str(years[-1])]
    change = (100 * (last - first) / first.where(first > 0)).round(1)
    table[Words("变化%", "change %").say(lang)] = change
    table = table.rename_axis(ACCOUNT_HEADS["township"].say(lang))
    return table.reset_index()


def describe_demand(scenario: Scenario, forecasts: Mapping[str, Forecast], notes: Iterable[Note]) -> dict[str, Any]:
    """Return the forecast as plain JSON values."""
    return {
        "pupils": [
            {"variant": variant, "year": year, **{band: int(count) for band, count in forecast.pupils(year, scenario.bands).sum().items()}}
            for variant, forecast in forecasts.items()
            for year in sorted(forecast.parts)
        ],
        "accounts": [
            {"variant": variant, **row} for variant, forecast in forecasts.items() for row in forecast.accounts.to_dict(orient="records")
        ],
        "notes": [note.text._asdict() for note in notes],
    }


def tidy_demand(scenario: Scenario, county: County, forecasts: Mapping[str, Forecast]) -> pd.DataFrame:
    """Return whole pupils, one row a settlement, variant and year, one column a band."""
    about = county.settlements[[name for name in ("name", "township") if name in county.settlements]]
    parts = []
    for variant, forecast in forecasts.items():
        for year in sorted(forecast.parts):
            table = pd.concat([about, forecast.pupils(year, scenario.bands)], axis=1).reset_index()
            table.insert(1, "variant", variant)
            table.insert(2, "year", year)
            parts.append(table)
    return pd.concat(parts, ignore_index=True)


def write_demand(scenario: Scenario, county: County, forecasts: Mapping[str, Forecast], folder: Path, lang: Lang) -> list[Path]:
    """Write demand.parquet, demand.csv, accounts.csv and demand.png into `folder` and return their paths.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    table = tidy_demand(scenario, county, forecasts)
    accounts = pd.concat([forecast.accounts.assign(variant=variant) for variant, forecast in forecasts.items()], ignore_index=True)
    chart = save_png(lambda figure, said: _draw_demand(figure, scenario, forecasts, said), lang)
    return write_study(folder, {"demand.parquet": table, "demand.csv": table, "accounts.csv": accounts, "demand.png": chart})


def _draw_demand(figure: Figure, scenario: Scenario, forecasts: Mapping[str, Forecast], lang: Lang) -> None:
    """Draw pupils by year, one line a band in the middle variant, the span from low to high shaded."""
    figure.set_size_inches(8, 4.5)
    axes = figure.subplots()
    years = sorted(forecasts["mid"].parts)
    sums = {
        variant: pd.DataFrame([f.pupils(year, scenario.bands).sum() for year in years], index=years) for variant, f in forecasts.items()
    }
    for colour, (band, grades) in zip(COLOURS * len(scenario.bands), scenario.bands.items(), strict=False):
        axes.plot(years, sums["mid"][band], color=colour, linewidth=2, marker="o", markersize=4, label=name_band(band, grades).say(lang))
        axes.fill_between(years, sums["low"][band], sums["high"][band], color=colour, alpha=0.18, linewidth=0)
    axes.set_xticks(years, [str(year) for year in years], rotation=45 if len(years) > 10 else 0)  # noqa: PLR2004 - labels still apart
    axes.set_ylim(bottom=0)
    axes.set_ylabel(Words("学生数", "pupils").say(lang))
    axes.set_title(Words("各学年学生数（浅色：出生低方案至高方案）", "pupils by school year (shaded: births from low to high)").say(lang))
    axes.legend(frameon=False)
    axes.grid(axis="y", alpha=0.3)

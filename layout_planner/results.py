"""What one run of a scenario yields: plain values, written to disk only by `output`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from layout_planner.words import Words

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from layout_planner.county.model import County, Note
    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout, Solved
    from layout_planner.scenario import Scenario
    from layout_planner.travel.model import TravelTimes

Verdict = Literal["pass", "fail", "unknown"]

RISK_COLUMNS = (
    "settlement_id",
    "name",
    "township",
    "band",
    "pupils",  # int
    "school_id",  # "" when unserved
    "mode",
    "seconds",  # float, np.inf when there is no way
    "optimistic_s",  # float, when all goes well
    "pessimistic_s",  # float, on a slow day
    "limit_s",  # float, NaN never: np.inf when no limit applies
    "over_s",  # float, seconds over the limit; np.inf when there is no way
    "cause",  # a key of risk.CAUSES
    "guessed_share",  # float, part of the metres for which no road is mapped, 0 to 1
)


ASSESSMENTS = {
    "equity": Words("公平性", "equity"),
    "risk_groups": Words("各类学生风险", "at risk by group"),
    "school_status": Words("学校条件", "school status"),
    "surroundings": Words("校园周边", "surroundings"),
    "boarding_queue": Words("床位排队", "boarding queue"),
    "disabled": Words("残疾学生安置", "disabled pupils"),
    "home_visits": Words("送教上门", "home visits"),
    "bad_days": Words("坏天气", "bad days"),
}
INTERNAL = {
    "risk_groups",
    "boarding_queue",
    "disabled",
    "home_visits",
}  # tables with small counts of vulnerable children, never for the public


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule of the gate applied to one subject.

    subject      school_id of the merger, or "plan"
    settlements  ids of the settlements concerned
    source       instrument, article and confidence flag, as `Norm.cite` gives them
    """

    rule: str
    verdict: Verdict
    subject: str
    text: Words
    cure: Words
    source: str
    flag: str
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    settlements: tuple[str, ...] = ()
    evidence: str = ""


@dataclass(frozen=True)
class GateResult:
    """All findings; the verdict follows from them and is never stored. Unknown never passes."""

    findings: tuple[Finding, ...]
    mergers: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """`pass` when every finding passes, `fail` when one fails, else `unknown`."""
        verdicts = {finding.verdict for finding in self.findings}
        if "fail" in verdicts:
            return "fail"
        return "unknown" if "unknown" in verdicts else "pass"

    @property
    def passed(self) -> bool:
        """True only when every finding passes."""
        return self.verdict == "pass"


@dataclass(frozen=True)
class Verification:
    """The independent re-check: how many trips and sums were recomputed, and every disagreement with both figures.

    bad_trips  the trips today and under the plan on every bad day, as retraced: day, when, settlement_id, band, school_id, mode, pupils,
               seconds, bad_s (np.inf = cut off); None where the county has no bad day or none was retraced
    """

    trips: int
    worst_difference_s: float
    disagreements: tuple[Words, ...] = ()
    bad_trips: pd.DataFrame | None = None

    @property
    def agrees(self) -> bool:
        """True when nothing differs beyond rounding."""
        return not self.disagreements


@dataclass(frozen=True)
class Run:
    """One scenario, worked through.

    demand      DataFrame, index settlement_id, one int column a band: pupils in the scenario's year
    risk_today  DataFrame with RISK_COLUMNS, one row per settlement, band and way of travel that is at risk now
    risk_plan   the same under the plan
    measures    figures of the comparison table, today and under the plan, by name
    assessment  tables of ASSESSMENTS; column `when` says today or plan
    ways        lines of the ways to school, WAY_COLUMNS of `travel.ways`; None when they were not traced
    """

    scenario: Scenario
    norms: NormSet
    county: County
    demand: pd.DataFrame
    travel: TravelTimes
    today: Layout
    plan: Layout
    solved: Solved
    risk_today: pd.DataFrame
    risk_plan: pd.DataFrame
    verification: Verification
    gate: GateResult
    measures: dict[str, dict[str, float]]
    assessment: dict[str, pd.DataFrame]
    notes: tuple[Note, ...] = ()
    ways: gpd.GeoDataFrame | None = None

"""What one run of a scenario yields: plain values, written to disk only by `output`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    "funding": Words("经费由谁承担", "who pays what"),
}
INTERNAL = {
    "risk_groups",
    "boarding_queue",
    "disabled",
    "home_visits",
}  # tables with small counts of vulnerable children, never for the public


BUS_ROUTE_COLUMNS = (
    "route_id",  # str, one run of one bus in one direction
    "site_id",
    "direction",  # to_school | from_school
    "run",  # int, first, second, ... run of its bus that morning or afternoon
    "bus_id",  # str; the same bus in both directions
    "seats",  # int, for pupils; driver and attendant sit beside
    "attendant",  # int, seats for attendants
    "riders",  # int
    "starts_s",  # float, seconds after midnight: at the first stop, or leaving the gate
    "ends_s",  # float, at the gate, or at the last stop
    "ride_km",  # float, first stop to gate or gate to last stop
    "empty_km",  # float, driven empty from where its bus was before: overnight, at another school, or on another run
    "home_km",  # float, driven empty after it, to where its bus stands overnight; 0 before the last run of the day
    "longest_ride_minutes",  # float, of any rider, from leaving the stop to the gate or from the gate to the stop
    "cost_yuan",  # float, a year: kilometres, and the run's share of its bus with driver and attendant
    "few_riders",  # bool, fewer than the norm set asks for a line of its own
    "geometry",  # LineString in the county's projection
)
BUS_STOP_COLUMNS = (
    "route_id",
    "stop_no",  # int, from 1; the school is no stop
    "stop_id",
    "name",
    "name_en",
    "time_s",  # float, seconds after midnight at which the bus reaches the stop
    "riders",  # int, who get on or off here
    "walk_minutes",  # float, of the longest walk of any of them
    "geometry",  # Point in the county's projection
)
BUS_RIDER_COLUMNS = (
    "settlement_id",
    "band",
    "site_id",
    "direction",  # every rider has one row of each direction
    "route_id",  # "" where no bus could be found
    "stop_id",
    "pupils",  # int; a party may be shared between runs
    "walk_minutes",  # float, np.inf without a stop
    "ride_minutes",
    "trip_minutes",  # float: walk, wait and ride
    "limit_minutes",  # float, of the norm set, door to door
)
BUS_DAY_COLUMNS = (
    "bus_id",
    "seats",
    "overnight",  # first_stop (the driver's village) | school | place
    "place_id",  # the stop, school or settlement at which it stands overnight
    "place",
    "place_en",
    "leaves_s",  # float, seconds after midnight at which it sets out from there
    "back_s",  # float, at which it is back
    "runs",  # int, both ways
    "ride_km",
    "empty_km",  # float, all that is driven without pupils
    "cost_yuan",  # float, a year
)
BOARDER_COLUMNS = (
    "trip_id",
    "site_id",
    "day",  # friday (home) | sunday (back to school)
    "run",  # int, first, second, ... run of its bus that day
    "bus_id",  # of the weekend's roster
    "seats",
    "attendant",
    "riders",
    "under_10",  # int, of them, estimated from the grades of their bands
    "met_at_stop",  # int, stops at which only pupils under ten get on or off: a guardian has to be there
    "starts_s",
    "ends_s",
    "ride_km",
    "longest_ride_minutes",
    "outer_stop",  # str, the stop furthest along the run
    "cost_yuan",  # float, a year, kilometres only: the bus and its crew are there on school days anyway
    "geometry",
)
ROUND_COLUMNS = (
    "school_id",  # where the teacher comes from
    "round",  # int, from 1; 0 where there is no way
    "times_week",  # float, how often a week the round is made
    "stop_no",  # int
    "settlement_id",
    "stays_minutes",
    "walk_minutes",  # float, from the road to the homes, one way
    "round_km",
    "round_hours",  # float, from school and back, visits included; np.inf where there is no way
)
SITE_COST_COLUMNS = (
    "site_id",
    "riders",
    "buses_counted",  # int, buses of the layout
    "buses_needed",  # float, of the routes; a bus that serves several schools counts by its runs
    "yuan_counted",  # float, a year: buses and kilometres as the layout prices them
    "yuan_real",  # float, a year, of the routes
    "yuan_real_a_rider",
    "yuan_a_boarder",  # float, what boarding costs a pupil in this layout; NaN where nobody boards
)
CROSSING_COLUMNS = (
    "route_id",
    "stop_id",  # on a road that children must not cross
    "stop",
    "road_class",
    "settlement_id",
    "band",
    "direction",
    "pupils",
    "crosses",  # yes | no | unknown
)
FEW_COLUMNS = (
    "route_id",  # a morning run with fewer riders than `bus.min_riders`, which no other run of its school can take along
    "site_id",
    "riders",  # int, of the run
    "least",  # float
    "settlement_id",
    "band",
    "pupils",
    "other_mode",  # walk | bus | board: the quickest other way to the same school within the norms; "" where there is none
    "other_minutes",  # float, np.inf without one
    "other_limit_minutes",
)
BUS_ROUND_COLUMNS = (
    "round",  # int; 0 is the layout before its routes were known
    "riders",
    "buses_counted",  # int, of the layout
    "buses_needed",  # int, by the routes
    "yuan_counted",  # float, a year, at the prices of the round
    "yuan_real",  # float, of the routes
    "gap_share",  # float, by what share of the routes' cost they are dearer than counted
    "pupils_in_few",  # int, in runs with fewer riders than `bus.min_riders`
    "pupils_late",  # int, whose trip on the routes is over the limit
    "layout_yuan",  # float, a year, all schools
    "kept",  # bool
)
MIXED_CALL_COLUMNS = (
    "run_id",
    "bus_id",  # of the roster with mixed loads; not the bus of that name in the plan
    "run",  # int, first, second, ... run of its bus that morning or afternoon
    "direction",
    "seats",
    "call_no",  # int, from 1
    "kind",  # stop | gate
    "place_id",  # of the stop, or of the school
    "name",
    "name_en",
    "time_s",  # float, at which the bus is there; at the first gate of a run home: at which it leaves
    "on",  # int, who get on
    "off",
    "aboard",  # int, on board when it goes on
    "geometry",
)
MIXED_SUM_COLUMNS = (
    "loads",  # apart (one school a run) | mixed
    "buses",
    "runs",
    "mixed_runs",  # int, that serve several schools
    "mixed_pupils",  # int, who are in them in the morning
    "longest_ride_minutes",
    "ride_km",
    "empty_km",
    "cost_yuan",
)
LINE_COLUMNS = (
    "route_id",  # the run to school that the line would replace
    "site_id",
    "riders",
    "stops",  # str, names from the first stop to the school
    "line_km",
    "school_bus_yuan",  # float, a year, there and back
    "round_trips",  # int, a day, every day of the year, for at most the same money
    "headway_minutes",
    "line_yuan",
)
TO_SCHOOL, FROM_SCHOOL = "to_school", "from_school"


@dataclass(frozen=True)
class MixedLoads:
    """The same riders with several schools in one bus where that is cheaper; reported apart, the plan does not rest on it.

    calls   GeoDataFrame, MIXED_CALL_COLUMNS, by run in the order of driving
    riders  DataFrame, BUS_RIDER_COLUMNS; `route_id` is the `run_id` of the calls
    sums    DataFrame, MIXED_SUM_COLUMNS: what it saves
    """

    calls: gpd.GeoDataFrame
    riders: pd.DataFrame
    sums: pd.DataFrame


@dataclass(frozen=True)
class BusPlan:
    """The school buses of one layout.

    routes  GeoDataFrame, BUS_ROUTE_COLUMNS, sorted by site, direction and start
    stops   GeoDataFrame, BUS_STOP_COLUMNS
    riders  DataFrame, BUS_RIDER_COLUMNS
    days    DataFrame, BUS_DAY_COLUMNS: the day of every bus, and where it stands overnight; None where it was not worked out
    boarder_trips  GeoDataFrame, BOARDER_COLUMNS: the Friday and Sunday runs of boarders; None where they were not planned
    boarder_stops, boarder_riders  BUS_STOP_COLUMNS and BUS_RIDER_COLUMNS of these; `route_id` is the `trip_id`
    visit_rounds   DataFrame, ROUND_COLUMNS: the weekly rounds of teachers to children taught at home; None where they were not planned
    site_costs     DataFrame, SITE_COST_COLUMNS: what the layout counted beside what the routes need; None where it was not worked out
    few_riders     DataFrame, FEW_COLUMNS: runs with too few riders, and who of them has another way; None where it was not worked out
    crossings      DataFrame, CROSSING_COLUMNS: who crosses a road that children must not cross; None without `buses.no_crossing`
    bus_rounds     DataFrame, BUS_ROUND_COLUMNS: how layout and routes came to agree; None without `plan.bus_rounds`
    mixed          MixedLoads; None where the scenario does not ask for them
    line_proposals DataFrame, LINE_COLUMNS: runs that a public line could replace for the same money; None where it was not worked out
    """

    routes: gpd.GeoDataFrame
    stops: gpd.GeoDataFrame
    riders: pd.DataFrame
    days: pd.DataFrame | None = None
    boarder_trips: gpd.GeoDataFrame | None = None
    boarder_stops: gpd.GeoDataFrame | None = None
    boarder_riders: pd.DataFrame | None = None
    visit_rounds: pd.DataFrame | None = None
    site_costs: pd.DataFrame | None = None
    line_proposals: pd.DataFrame | None = None
    few_riders: pd.DataFrame | None = None
    crossings: pd.DataFrame | None = None
    bus_rounds: pd.DataFrame | None = None
    mixed: MixedLoads | None = None

    @property
    def buses(self) -> int:
        """Number of buses, the most of both directions."""
        return int(self.routes["bus_id"].nunique())

    @property
    def cost_yuan(self) -> float:
        """Yuan a year of all runs."""
        return float(self.routes["cost_yuan"].sum())


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


BUS_RULES = ("riders", "seats", "ride", "windows", "walk", "road", "empty")
BUS_OPTIONS = ("slow", "week", "visits", "side", "mixed")  # judged only where there is something of the kind


@dataclass(frozen=True)
class BusCheck:
    """What the re-check of the school buses found.

    faults  by rule of BUS_RULES and BUS_OPTIONS, a sentence a fault
    """

    routes: int
    pupils: int
    faults: dict[str, tuple[Words, ...]] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """True when no rule is broken."""
        return not any(self.faults.values())


@dataclass(frozen=True)
class Verification:
    """The independent re-check: how many trips and sums were recomputed, and every disagreement with both figures.

    bad_trips  the trips today and under the plan on every bad day, as retraced: day, when, settlement_id, band, school_id, mode, pupils,
               seconds, bad_s (np.inf = cut off); None where the county has no bad day or none was retraced
    buses      what the re-check of the plan's school buses found
    overfull   departures of public lines with more pupils than the seats told; None where the seats of no line are told
    """

    trips: int
    worst_difference_s: float
    disagreements: tuple[Words, ...] = ()
    bad_trips: pd.DataFrame | None = None
    buses: BusCheck | None = None
    overfull: tuple[Words, ...] | None = None

    @property
    def agrees(self) -> bool:
        """True when nothing differs beyond rounding."""
        return not self.disagreements


@dataclass(frozen=True, repr=False)
class Run:
    """One scenario, worked through.

    demand      DataFrame, index settlement_id, one int column a band: pupils in the scenario's year
    risk_today  DataFrame with RISK_COLUMNS, one row per settlement, band and way of travel that is at risk now
    risk_plan   the same under the plan
    measures    figures of the comparison table, today and under the plan, by name
    assessment  tables of ASSESSMENTS; column `when` says today or plan
    ways        lines of the ways to school, WAY_COLUMNS of `travel.ways`; None when they were not traced
    buses       the school buses of both layouts, by `today` and `plan`
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
    buses: Mapping[str, BusPlan] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the run in one line: a notebook prints it, and its tables are thousands."""
        today, plan = self.measures["today"], self.measures["plan"]
        risk, cost = f"at risk {today['at_risk']:,.0f} -> {plan['at_risk']:,.0f}", f"{plan['cost_yuan']:,.0f} yuan a year"
        return f"<Run {self.scenario.name!r} {self.scenario.year}: {risk}, {cost}, gap {self.solved.gap:.2%}, gate {self.gate.verdict}>"

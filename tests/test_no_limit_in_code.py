"""No limit stands in code: numbers that decide about children are norms, with unit, source and flag.

In the rooms that measure, plan and judge a number may stand in code only if it is structural (an identity, a unit, a count of
directions) or if EXPLAINED says why it is no limit. Two kinds are looked for: numbers that equal the value of any norm of any set,
wherever they stand, and numbers that something is compared with or that are named as a constant.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import layout_planner
from layout_planner.norms import list_norm_sets, read_set_file

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(layout_planner.__file__).parent
ROOMS = ("travel", "buses", "plan", "safeguards", "assess", "risk", "compare", "pipeline", "county.demand")
STRUCTURAL = {0, 1, 2}  # nothing, one, and there and back or the two ends of a line
TINY = 1e-3  # what is smaller is a tolerance of arithmetic
UNITS = {60: "seconds in a minute", 1000: "metres in a kilometre", 3600: "seconds in an hour", 3.6: "km/h in a m/s", 100: "per cent"}
EXPLAINED: dict[tuple[str, float], str] = {
    ("buses.plan", 10): "how much longer is searched where nothing was found",
    ("buses.plan", 4): "size of the parts of a party that are tried, changes no limit",
    ("buses.plan", 15): "how long is searched",
    ("buses.plan", 300): "how long is searched",
    ("buses.plan", 2500): "how long is searched",
    ("buses.feedback", 0.05): "when rounds of layout and routes end; every round is shown",
    ("buses.feedback", 4): "decimals shown",
    ("buses.feedback", 10_000): "yuan are shown in ten thousands",
    ("buses.mixed", 3): "how often runs are laid together, bounded by the limits of rides and seats anyway",
    ("safeguards.bus_visits", 0.1): "hours, rounding of the table",
    ("safeguards.bus_visits", 0.005): "tolerance of the re-check",
    ("buses.sides", 15.0): "metres from the road within which nobody knows on which side a village lies",
    ("buses.sides", 8.0): "metres of a line that tell its direction",
    ("safeguards.bus_side", 15.0): "metres from the road within which nobody knows on which side a village lies",
    ("safeguards.new_roads", 50.0): "metres within which the end of a drawn road meets another",
    ("safeguards.bus_week", 6): "grade 1 begins at six",
    ("safeguards.bus_week", 10): "under ten, as asked of the boarders' journey",
    ("safeguards.bus_week", 0.5): "counts of estimates are whole pupils",
    ("safeguards.bus_slow", 0.05): "minutes, rounding of the tables",
    ("safeguards.bus_mixed", 3.0): "tolerance of the re-check, seconds",
    ("safeguards.bus_mixed", 0.005): "tolerance of the re-check",
    ("buses.nights", 1e12): "stands for a way that cannot be driven",
    ("safeguards.bus_empty", 0.005): "tolerance of the re-check",
    ("safeguards.bus_empty", 3.0): "tolerance of the re-check, seconds",
    ("safeguards.bus_empty", 50.0): "tolerance of the re-check, metres",
    ("buses.remedies", 365): "days in a year",
    ("buses.streets", 3): "decimals of coordinates",
    ("buses.weekly", 6): "grade 1 begins at six",
    ("buses.weekly", 10): "under ten, as asked of the boarders' journey",
    ("buses.plan", 60): "how long is searched, and seconds in a minute",
    ("buses.stops", 4): "stops that are tried for one party",
    ("assess.commute_link", 0.5): "most of a group",
    ("assess.commute_link", 1.959963984540054): "normal quantile of 95 per cent",
    ("assess.commute_link", 4): "formula of the confidence interval",
    ("assess.commute_link", 5.0): "width of a step of the chart, minutes",
    ("assess.commute_link", 10): "the slope is told for ten minutes",
    ("assess.commute_link", 15.0): "edges of the groups of the chart, minutes",
    ("assess.commute_link", 30.0): "edges of the groups of the chart, minutes",
    ("assess.commute_link", 45.0): "edges of the groups of the chart, minutes",
    ("assess.equity", 0.1): "the Palma ratio is defined by the top tenth",
    ("assess.equity", 0.4): "the Palma ratio is defined by the lower four tenths",
    ("assess.equity", 0.5): "the median",
    **{("assess.retention", grade): "grades of the stages of schooling" for grade in (6, 7, 8, 9, 10)},
    ("compare", 3): "decimals shown",
    ("pipeline", 9): "years of an outlook where none are given: one cohort from grade 1 to grade 9",
    ("plan.conflict", 1e12): "more money than any county has",
    ("plan.conflict", 10_000): "yuan are shown in ten thousands",
    ("plan.goals", 0.1): "nine in ten, as the objective p90 is named",
    ("plan.worlds", 3): "decimals to which two trips are one",
    ("plan.worlds", 10_000): "yuan are shown in ten thousands",
    ("plan.years", 150_000): "options up to which all years are searched in one, changes speed and gap only",
    ("plan.years", 0.001): "share of the pupils at risk that is no difference",
    ("plan.years", 0.5): "pupils at risk that are no difference",
    ("plan.frontier_large", 0.001): "share of the pupils at risk that is no difference",
    ("plan.frontier_large", 0.5): "pupils at risk that are no difference",
    ("plan.frontier_large", 1e7): "weight of one goal against the next while a plan is sought",
    ("plan.frontier_large", 1e5): "weight of one goal against the next while a plan is sought",
    ("plan.frontier_large", 0.2): "part of the gap, and share of the time limit",
    **{("plan.frontier_large", share): "share of the time limit" for share in (0.35, 0.4, 0.55, 0.6, 0.65, 0.75, 0.9)},
    ("plan.years_steps", 0.001): "share of the pupils at risk that is no difference",
    ("plan.years_steps", 3): "searches of one step that share a time limit",
    ("plan.years_steps", 0.5): "pupils at risk that are no difference",
    ("plan.holding", 10_000): "yuan are shown in ten thousands",
    ("plan.model", 9.0): "weight of the worst trip in the goal, described in docs/architecture.md",
    ("plan.model", 10.0): "weight of a pupil without a school in the goal, described in docs/architecture.md",
    ("plan.near", 12_000): "options up to which neighbours of the orders are free too, changes the search only",
    ("plan.repair", 150_000): "options up to which the whole county is searched, changes speed and gap only",
    **{("plan.repair", share): "share of the time limit" for share in (0.15, 0.2, 0.5, 0.7)},
    ("plan.linear", 0.001): "solver tolerance, pupils",
    ("plan.dive", 0.25): "share of what is made whole at once, changes speed and quality of the search only",
    **{
        ("plan.sweeps", yuan): "ways dearer than this are not tried again, changes the search only; no bound rests on it"
        for yuan in (20.0, 1_000.0)
    },
    ("plan.large", 100_000.0): "weight of one goal against the next while a plan is sought",
    ("plan.large", 1_000_000.0): "weight of one goal against the next while a plan is sought",
    ("plan.large", 4): "part of the gap",
    **{("plan.sweeps", share): "share of the time limit, or of a county on one side of a border" for share in (0.4, 0.5, 0.9)},
    **{("plan.sweeps", number): "parts of the gap, or of a county on one side of a border" for number in (3, 4)},
    ("plan.held", 14_000.0): "size of regions, changes the search only",
    ("plan.held", 20_000.0): "size of regions, changes the search only",
    **{
        ("plan.held", share): "share of the time limit, or of a county on one side of a border"
        for share in (0.1, 0.25, 0.4, 0.5, 0.6, 0.65, 0.75)
    },
    ("plan.held", 0.001): "solver tolerance, pupils",
    **{("plan.held", number): "parts of the time, nodes that are searched and the like" for number in (3, 4, 50, 200)},
    **{("plan.years_regions", number): "shares of time and work, sweeps, nodes: changes the search only" for number in (3, 4, 10, 200)},
    **{("plan.years_regions", share): "shares of time, work and county: changes the search only" for share in (0.1, 0.4, 0.5)},
    ("plan.cuts", 0.001): "solver tolerance",
    ("plan.cuts", 0.01): "solver tolerance, pupils",
    ("plan.improve", 4): "threads",
    ("plan.improve", 0.05): "share of the work of a search",
    ("plan.regions", 0.5): "half of a region",
    ("plan.relaxation", 3): "rounds without progress after which the search for rows ends",
    ("plan.relaxation", 30): "rounds of the search for rows",
    ("plan.solve", 20_000): "options from which a county is searched by regions, changes the search only",
    ("plan.solve", 0.05): "how far whole pupils may be from shares before the search counts as unfinished",
    ("plan.solve", 50.0): "how far whole pupils may be from shares before the search counts as unfinished",
    ("plan.solve", 0.2): "share of the time limit",
    ("plan.solve", 0.4): "share of the time limit",
    ("plan.solve", 0.55): "share of the time limit",
    ("plan.solve", 0.75): "share of the time limit",
    ("plan.solve", 0.85): "share of the time limit",
    ("plan.solve", 30_000): "options up to which the tight rows are written, changes speed only",
    ("plan.solve", 0.5): "a binary variable is read as 0 or 1",
    ("plan.read_back", 0.5): "a whole number read from a share",
    ("plan.goals", 10.0): "weight of one goal against the next in a heuristic",
    ("plan.goals", 100_000.0): "weight of one goal against the next in a heuristic",
    ("plan.goals", 50_000.0): "weight of one goal against the next in a heuristic",
    ("plan.goals", 1_000_000.0): "weight of one goal against the next in a heuristic",
    ("safeguards.bad_trips", 4): "hours up to which journeys by public bus are searched",
    ("safeguards.bus_check", 3.0): "tolerance of the re-check, seconds",
    ("safeguards.bus_check", 0.005): "tolerance of the re-check",
    ("safeguards.bus_check", 10): "a tenth of a kilometre, as kilometres are rounded",
    ("safeguards.certificate", 3): "decimals that are hashed",
    ("safeguards.certificate", 20): "CHUNK_BYTES is a power of two",
    ("safeguards.cures", 3): "yuan are told to the thousand",
    ("safeguards.cures", 4): "schools to which a bus is tried",
    ("safeguards.retrace_lines", 0.01): "tolerance of the re-check",
    ("safeguards.mergers", 10): "rounding up to tenths",
    ("safeguards.mergers", 3): "decimals of kilometres in a finding",
    ("safeguards.recarry", 6): "grade 1 begins at six; the columns age_0 to age_14 mean the same",
    ("safeguards.recarry", 14): "grade 9 ends at fourteen; the columns age_0 to age_14 mean the same",
    ("safeguards.records", 12): "characters of a hash that people read",
    ("safeguards.retrace_net", 0.01): "two points closer than this are one",
    ("safeguards.retrace_paces", 300.0): "length of the pieces that slopes are measured on, docs/architecture.md",
    ("safeguards.retrace_lines", 120.0): "searches go a little beyond the longest journey that is said",
    ("safeguards.retrace_net", 500.0): "a place joins every road within this, docs/architecture.md",
    ("safeguards.retrace_terrain", 0.5): "the centre of a grid cell, and a leg that ends on the bank",
    ("safeguards.retrace_terrain", 3): "neighbours of a cell, docs/architecture.md",
    ("safeguards.retrace_terrain", 4): "cells round a place, docs/architecture.md",
    ("safeguards.retrace_terrain", 90.0): "how far a cell may be from the road it leads to, docs/architecture.md",
    ("safeguards.rules", 5): "faults shown in one sentence",
    ("safeguards.rules", 8): "villages named in one sentence",
    ("safeguards.signature", 10_000): "bytes of a file that is read as a key or signature",
    ("safeguards.verify", 0.005): "tolerance of the re-check, described in its docstring",
    ("safeguards.verify_terms", 6): "primary school has six grades, as `tables.FORM_GRADES` has it",
    ("safeguards.verify_terms", 9): "nine in ten, as the objective p90 is named",
    ("safeguards.verify_terms", 10): "nine in ten, as the objective p90 is named",
    ("travel.access", 500.0): "a place joins every road within this, docs/architecture.md",
    ("travel.bus", 300.0): "length of the pieces that slopes are measured on, docs/architecture.md",
    ("travel.doubt", 0.5): "half a headway, the mean wait",
    ("travel.explain", 0.01): "two points closer than this are one",
    ("travel.ground", 0.5): "metres: a leg may end on the bank",
    ("travel.joints", 0.01): "seconds by which another way is surely sooner; what is left out changes no time",
    ("travel.joints", 8192): "searches of one chunk",
    ("travel.joints", 2_000_000): "size of one chunk",
    ("travel.links", 24): "ways that are held at a time, a power of two, memory alone",
    ("travel.links", 1e-6): "seconds by which a search reaches further; the sum from door to door decides",
    ("travel.rides", 24): "rides that are kept, a power of two, memory alone",
    ("travel.rides", 150_000_000): "answers that are kept, memory alone",
    ("travel.network", 24): "grain of metres, a power of two",
    ("travel.network", 33): "grain of seconds, a power of two",
    ("travel.network", 2_000_000): "size of one chunk",
    ("travel.network", 4_000_000): "work up to which scipy searches, sources times nodes",
    ("travel.delays", 10): "lines named in one note",
    ("travel.notes", 500.0): "a straight leg longer than this is told, and changes no verdict",
    ("travel.notes", 10): "places named in one note",
    ("travel.terrain", 0.5): "the centre of a grid cell",
    ("travel.terrain_walk", 0.5): "the centre of a grid cell",
    ("travel.terrain_walk", 1.5): "size of the first window, changes no result",
    ("travel.terrain_walk", 3): "neighbours of a cell, docs/architecture.md",
    ("travel.terrain_walk", 4): "cells round a place, docs/architecture.md",
    ("travel.terrain_walk", 30.0): "spacing of samples that find cells near a line",
    ("travel.terrain_walk", 90.0): "how far a cell may be from the road it leads to, docs/architecture.md",
    ("travel.terrain_walk", 600.0): "size of the first window, changes no result",
}
ALGORITHMS = {
    "buses.fewest": "searches for few buses; its numbers are how long and how widely",
    "buses.router": "hands a question to PyVRP; its numbers are ticks and what stands for never",
    "buses.visits": "searches for few rounds; its numbers are what a round is worth and how long is searched",
    "buses.schedule": "searches for a roster; its numbers are how long",
    "travel.hierarchy": "orders a graph; its numbers are sizes of bits and batches",
    "travel.kernels": "loops over a graph; its numbers are branches of a heap and sizes of batches",
    "travel.labels": "packs seconds and metres into one integer; its numbers are sizes of bits",
    "travel.scan": "packs times and places into whole numbers; its numbers are sizes of bits",
    "travel.within": "searches a graph; its numbers are sizes of bits and batches",
}
NORM_VALUES = {norm.value for set_id in list_norm_sets() for norm in read_set_file(set_id).norms}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def in_rooms() -> list[Path]:
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if module_of(path) not in ALGORITHMS]
    return [path for path in paths if any((module_of(path) + ".").startswith(room + ".") for room in ROOMS)]


def numbers_in(node: ast.AST) -> Iterator[float]:
    """Yield every number that is written out in `node`, but for places in a sequence and digits to round to."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        yield node.value
    for inner in ast.iter_child_nodes(node):
        if isinstance(node, ast.Subscript) and inner is node.slice:
            continue
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "round" and isinstance(inner, ast.Constant):
            continue
        yield from numbers_in(inner)


def suspects_in(source: str) -> set[float]:
    """Return the numbers of a module that may be limits: those that are a norm's, compared with, or named."""
    tree = ast.parse(source)
    found = {number for number in numbers_in(tree) if number in NORM_VALUES}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            found.update(number for side in (node.left, *node.comparators) for number in numbers_in(side))
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node in tree.body and node.value is not None:
            found.update(numbers_in(node.value))
    return {number for number in found - STRUCTURAL - set(UNITS) if number >= TINY}


@pytest.mark.parametrize("path", in_rooms(), ids=module_of)
def test_no_limit_stands_in_code(path):
    unexplained = {number for number in suspects_in(path.read_text(encoding="utf-8")) if (module_of(path), number) not in EXPLAINED}
    assert not unexplained, f"{module_of(path)}: make {sorted(unexplained)} a norm (norms/*.toml), or say in EXPLAINED why it is no limit"


def test_every_explanation_has_a_reason_and_a_module():
    modules = {module_of(path) for path in PACKAGE.rglob("*.py")}
    assert all([*EXPLAINED.values(), *ALGORITHMS.values()])
    assert {module for module, _ in EXPLAINED} | set(ALGORITHMS) <= modules


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("late = seconds > 1800", {1800}),
        ("late = minutes > 60 * 0.75", {0.75}),
        ("limit = 45 if young else 0", {45}),
        ("LIMIT_KM = 2.5", {2.5}),
        ("limit_s = 60 * norms.value('travel.max_minutes')", set()),
        ("fits = seconds <= limit and count >= 1", set()),
        ("first = names[:45] + round(share, 3) - np.round(limits, 5) + limits.round(6)", set()),
    ],
)
def test_a_limit_in_code_would_be_found(code, found):
    assert suspects_in(code) == found

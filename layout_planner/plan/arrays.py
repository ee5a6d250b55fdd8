"""A layout model as plain arrays, with what large counties are solved by: which site a column belongs to, and what comes in steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.plan.linear import highs_rows
from layout_planner.plan.model_inputs import clean_name

if TYPE_CHECKING:
    import highspy
    import pulp
    import scipy.sparse as sp
    from numpy.typing import NDArray

    from layout_planner.plan.model import LayoutModel

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

ROUNDING = 1e-6
NOBODY = -1  # site of a column that belongs to no site


@dataclass(frozen=True)
class Arrays:
    """Minimise cost @ x + offset with low <= x <= high, row_low <= rows @ x <= row_high, and x whole where `whole`."""

    cost: Floats
    offset: float
    low: Floats
    high: Floats
    whole: NDArray[np.bool_]
    rows: sp.csr_matrix
    row_low: Floats
    row_high: Floats

    def price(self, x: Floats) -> float:
        """Return the goal at `x`."""
        return self.offset + float(self.cost @ x)

    def holds(self, x: Floats, slack: float) -> bool:
        """Return True where `x` breaks no bound and no row by more than `slack`, or that share of what the row may be."""
        if (x < self.low - slack).any() or (x > self.high + slack).any():
            return False
        activity = self.rows @ x
        over = np.maximum(activity - self.row_high, self.row_low - activity)
        return bool((over <= slack * np.maximum(1.0, np.abs(activity))).all())


@dataclass(frozen=True)
class Step:
    """Pupils who need whole buses or classes: sum of x[columns] <= size * (standing * open share + x[counted]).

    pair : which columns are ways of the same pupils, numbered from 0; `most` pupils by pair
    shares : form columns that add up to 1 where the site, or its band, is open; None where it is open in any case
    """

    counted: int
    size: float
    standing: float
    shares: Whole | None
    columns: Whole
    pair: Whole
    most: Floats


@dataclass(frozen=True)
class Ground:
    """The arrays of a model, and what its columns are.

    pupils    column by option; `home` numbers its settlement and band
    unserved  columns of pupils without a place
    sites     ids; `site_of` is a position in it by column, or NOBODY
    classes   steps by (site, band); fleets likewise by site
    """

    arrays: Arrays
    variables: list[pulp.LpVariable]
    pupils: Whole
    home: Whole
    unserved: Whole
    sites: list[str]
    site_of: Whole
    classes: list[Step]
    fleets: list[Step]
    position: dict[pulp.LpVariable, int]


def read_arrays(lp: highspy.HighsLp, variables: list[pulp.LpVariable], goal: pulp.LpAffineExpression) -> Arrays:
    """Return `lp`, whose columns are `variables`, with `goal`."""
    whole = np.array([variable.cat == "Integer" for variable in variables], dtype=bool)
    cost = goal_of(goal, {variable: k for k, variable in enumerate(variables)})
    return Arrays(
        cost, float(goal.constant), np.array(lp.col_lower_), np.array(lp.col_upper_), whole,
        highs_rows(lp), np.array(lp.row_lower_), np.array(lp.row_upper_),
    )  # fmt: skip


def goal_of(goal: pulp.LpAffineExpression, position: dict[pulp.LpVariable, int]) -> Floats:
    """Return the weight of every column in `goal`."""
    cost = np.zeros(len(position))
    for variable, weight in goal.items():
        cost[position[variable]] = weight
    return cost


def read_ground(model: LayoutModel, arrays: Arrays, variables: list[pulp.LpVariable]) -> Ground:
    """Return what the columns of `arrays`, made of `model`, are."""
    position = {variable: k for k, variable in enumerate(variables)}
    pupils = np.array([position[variable] for variable in model.pupils], dtype=np.int64)
    sites = sorted({key[0] for key in model.classes} | set(model.options["school_id"].astype(str)) | {j for j, _ in model.form})
    site_of = _sites_of_columns(model, sites, position)
    named = {row.name: k for k, row in enumerate(model.problem.constraints())}
    reader = _Steps(model, arrays, pupils, named, position)
    unserved = np.array([position[variable] for variable in model.unserved.values()], dtype=np.int64)
    return Ground(arrays, variables, pupils, _homes(model), unserved, sites, site_of, reader.classes(), reader.fleets(), position)


def _homes(model: LayoutModel) -> Whole:
    """Return the number of the settlement and band of every option."""
    groups = model.options["settlement_id"].astype(str) + "\n" + model.options["band"].astype(str)
    return np.unique(groups.to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)


def _sites_of_columns(model: LayoutModel, sites: list[str], position: dict[pulp.LpVariable, int]) -> Whole:
    index = {j: k for k, j in enumerate(sites)}
    site_of = np.full(len(position), NOBODY)
    for j, variable in zip(model.options["school_id"].astype(str), model.pupils, strict=True):
        site_of[position[variable]] = index[j]
    for group in (model.form, model.classes):
        for (j, _), variable in group.items():
            site_of[position[variable]] = index[j]
    for buildings in (model.new_beds, model.new_buses):
        for j, variable in buildings.items():
            site_of[position[variable]] = index.get(j, NOBODY)
    by_name = {f"funds_{clean_name(j)}": k for j, k in index.items()}
    for variable in model.funds:
        site_of[position[variable]] = by_name.get(variable.name, NOBODY)
    return site_of


class _Steps:
    """Reads classes and fleets off the rows of a model, whose names tell what they are."""

    def __init__(
        self, model: LayoutModel, arrays: Arrays, pupils: Whole, named: dict[str, int], position: dict[pulp.LpVariable, int]
    ) -> None:
        self._model, self._arrays, self._named, self._position = model, arrays, named, position
        self._is_pupil = np.zeros(len(arrays.cost), dtype=bool)
        self._is_pupil[pupils] = True
        self._is_form = np.zeros(len(arrays.cost), dtype=bool)
        self._is_form[[position[variable] for variable in model.form.values()]] = True
        self._home = np.zeros(len(arrays.cost), dtype=np.int64)
        self._home[pupils] = _homes(model)
        self._demand = np.zeros(len(arrays.cost))
        self._demand[pupils] = [variable.upBound for variable in model.pupils]

    def classes(self) -> list[Step]:
        """Return the steps of classes, by site and band."""
        found = []
        for (j, band), variable in self._model.classes.items():
            name = f"{clean_name(j)}_{clean_name(band)}"
            found.append(self._step(variable, f"class_size_{name}", f"class_least_{name}"))
        return [step for step in found if step is not None]

    def fleets(self) -> list[Step]:
        """Return the steps of buses, by site."""
        found = [
            self._step(variable, f"bus_seats_{clean_name(j)}", f"funds_floor_{clean_name(j)}")
            for j, variable in self._model.new_buses.items()
        ]
        return [step for step in found if step is not None]

    def _step(self, counted: pulp.LpVariable, size_row: str, share_row: str) -> Step | None:
        if size_row not in self._named or share_row not in self._named:
            return None
        row = self._named[size_row]
        columns, weights = self._entries(row)
        place = self._position[counted]
        size = -float(weights[columns == place].sum())
        pupils = columns[self._is_pupil[columns] & (self._arrays.high[columns] > 0)]
        forms = self._entries(self._named[share_row])[0]
        shares = forms[self._is_form[forms]]
        of_forms = weights[self._is_form[columns]]
        standing = float(-of_forms[0] if len(of_forms) else self._arrays.row_high[row] if not len(shares) else 0.0) / size
        if (weights[self._is_pupil[columns]] != 1).any() or abs(standing - round(standing)) > ROUNDING:
            return None
        pair, most = np.zeros(0, dtype=np.int64), np.zeros(0)
        if len(pupils):
            _, first, pair = np.unique(self._home[pupils], return_index=True, return_inverse=True)
            most = self._demand[pupils[first]]
        return Step(place, size, round(standing), shares if len(shares) else None, pupils, pair, most)

    def _entries(self, row: int) -> tuple[Whole, Floats]:
        span = slice(self._arrays.rows.indptr[row], self._arrays.rows.indptr[row + 1])
        return self._arrays.rows.indices[span].astype(np.int64), self._arrays.rows.data[span]

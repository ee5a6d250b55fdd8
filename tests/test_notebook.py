"""The analyst's notebook runs from its first cell to its last, on the tiny county."""

from __future__ import annotations

import runpy
from pathlib import Path

import highspy
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import layout_planner as lp
from layout_planner.highs import silent_highs
from tests.broken import copy_good

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "sweep_scenarios.py"


@pytest.fixture
def scenario(tmp_path):
    folder = copy_good(tmp_path / "county")
    text = (folder / "scenario.toml").read_text(encoding="utf-8")
    assert "[plan]" not in text
    (folder / "scenario.toml").write_text(f'{text}\n[plan]\nmay_close = "all"\n', encoding="utf-8")
    return folder / "scenario.toml"


def test_the_notebook_sweeps_twenty_scenarios_and_draws_the_frontier(scenario, tmp_path, monkeypatch):
    monkeypatch.setenv("SWEEP_SCENARIO", str(scenario))
    monkeypatch.setenv("SWEEP_OUT", str(tmp_path / "out"))
    names = runpy.run_path(str(NOTEBOOK))
    table = names["table"]
    assert len(table) == 20
    assert (table["refused"] == "").all()
    by_beds = table.sort_values("buses_allowed").groupby("beds_allowed")["at_risk"]
    assert all((np.diff(part) <= 0).all() for _, part in by_beds)  # more buses never put more pupils at risk
    assert (table["gap"] <= 0.002 + 1e-9).all()
    stored = pd.read_csv(tmp_path / "out" / "sweep.csv", index_col="variant")
    assert stored["cost_yuan"].to_numpy() == pytest.approx(table["cost_yuan"].to_numpy())
    assert names["ideal"]["proven"].all()
    assert all((tmp_path / "out" / name).stat().st_size > 5_000 for name in ("buses.png", "frontier.png"))


def test_a_variant_without_a_plan_is_named_and_a_slip_of_the_pen_refused(scenario):
    table = lp.sweep_plans(scenario, {"poor": {"budget_yuan": 1.0}, "as it is": {}})
    assert table.loc["poor", "refused"].startswith("these demands contradict each other: spend at most 1 yuan a year")
    assert table.loc["as it is", "refused"] == ""
    with pytest.raises(ValidationError):
        lp.sweep_plans(scenario, {"slip": {"max_busses": 3}})


def test_the_model_is_written_for_another_solver(scenario, tmp_path):
    lp.write_model(scenario, tmp_path / "out" / "model.lp")
    solver = silent_highs()
    solver.setOptionValue("threads", 1)
    assert solver.readModel(str(tmp_path / "out" / "model.lp")) == highspy.HighsStatus.kOk
    assert {"serve", "one"} <= {name.split("_")[0] for name in solver.getLp().row_names_}
    solver.run()
    plan = lp.run_scenario(scenario).solved
    assert solver.getInfo().objective_function_value <= plan.terms["cost_yuan"] + 1.0  # cheaper at most: it looks at cost alone
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["model.lp"]

"""The shortest ways that so many schools allow, on the tiny county, against every choice of sites."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import layout_planner as lp
from layout_planner.errors import InputError
from layout_planner.ideal import DAILY, IDEAL_COLUMNS
from layout_planner.pipeline import ground_of
from layout_planner.plan.forms import sites_by_band
from layout_planner.sweep import Question
from layout_planner.travel.options import measure_mode
from tests.broken import copy_good


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    folder = copy_good(tmp_path_factory.mktemp("county") / "county")
    text = (folder / "scenario.toml").read_text(encoding="utf-8")
    (folder / "scenario.toml").write_text(f'{text}\n[plan]\nmay_close = "all"\n', encoding="utf-8")
    return folder / "scenario.toml"


def every_choice(source, band, modes):
    """Return the least pupil-minutes of every number of sites, by trying all, and the pupils that reach any."""
    scenario, norms, ground = ground_of(source)
    case = Question.of(scenario, norms, ground).case
    able = sites_by_band(case.sites, scenario)[band]
    columns = [k for k, school_id in enumerate(ground.travel.schools) if school_id in able]
    minutes = np.full((len(ground.travel.settlements), len(columns)), np.inf)
    for mode in modes:
        seconds, _, _, fits = measure_mode(mode, ground.travel, ground.county.schools, norms, scenario.travel, scenario.bands[band])
        minutes = np.minimum(minutes, np.where(fits | (mode == "walk"), seconds, np.inf)[:, columns] / 60)
    pupils = case.demand[band].reindex(list(ground.travel.settlements)).to_numpy(dtype=float)
    reached = np.isfinite(minutes).any(axis=1) & (pupils > 0)
    totals = {
        count: min(
            float((minutes[reached][:, list(sites)].min(axis=1) * pupils[reached]).sum())
            for sites in itertools.combinations(range(len(columns)), count)
        )
        for count in range(1, len(columns) + 1)
    }
    return totals, pupils[reached].sum(), pupils.sum()


@pytest.mark.parametrize("modes", [DAILY, ("walk",)])
def test_no_choice_of_sites_is_better(scenario, modes):
    totals, reached, everybody = every_choice(scenario, "lower_primary", modes)
    assert len(totals) > 1
    table = lp.study_sites(scenario, "lower_primary", list(totals), modes=modes)
    assert tuple(table.columns) == IDEAL_COLUMNS
    assert table["mean_minutes"].to_numpy() == pytest.approx(np.array(list(totals.values())) / reached, rel=2e-6)
    assert (table["bound_minutes"] <= table["mean_minutes"] * (1 + 1e-9)).all()
    assert table["proven"].all()
    assert (table["unreached"] == everybody - reached).all()
    assert [len(ids.split(",")) for ids in table["open"]] == table["sites"].tolist()
    assert (np.diff(table["mean_minutes"]) <= 1e-9).all()  # another site never makes ways longer


@pytest.mark.parametrize(
    ("band", "counts", "modes", "words"),
    [
        ("nursery", [1], DAILY, "the scenario has no such band"),
        ("lower_primary", [0], DAILY, "so many sites cannot be open"),
        ("lower_primary", [99], DAILY, "ask for 1 to"),
        ("lower_primary", [], DAILY, "so many sites cannot be open"),
        ("lower_primary", [1], ("board",), "no such way of coming daily"),
    ],
)
def test_what_cannot_be_asked_is_refused(scenario, band, counts, modes, words):
    with pytest.raises(InputError) as refused:
        lp.study_sites(scenario, band, counts, modes=modes)
    assert words in " ".join(problem.say("en") for problem in refused.value.problems)

"""Options that meet: a few seeds of `tests.trials` each time, new ones by `python -m tests.trials`."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.trial_counties import OPTIONS, draw_trial
from tests.trials import CHECKS, try_one

EXAMPLES = {"run": 5, "years": 2, "frontier": 2, "why": 1}


@pytest.mark.parametrize("kind", CHECKS)
def test_options_that_meet_end_in_a_plan_that_the_re_check_finds_again(kind, tmp_path_factory):
    @settings(max_examples=EXAMPLES[kind], suppress_health_check=[HealthCheck.too_slow])
    @given(st.integers(0, 10**9))
    def try_some(seed):
        state, wrong = try_one(seed, kind, tmp_path_factory.mktemp("trial"))
        assert not wrong, (state, draw_trial(seed, kind).used, wrong)

    try_some()


def test_every_option_is_drawn_somewhere():
    used = {name for kind in CHECKS for seed in range(60) for name in draw_trial(seed, kind).used}
    assert used == set(OPTIONS)

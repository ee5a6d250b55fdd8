"""A quick cut of the mutation harness; `python -m tests.mutations` runs it in full."""

from __future__ import annotations

import pytest

from layout_planner.names import RULES
from tests.mutation_plans import BASES
from tests.mutations import DAMAGES, run_damages, run_harmless, run_tampering


@pytest.mark.parametrize("name", BASES)
def test_every_starting_plan_passes(name):
    assert BASES[name]().judge().passed


def test_every_damage_is_refused_by_its_own_rule_and_every_repaired_plan_passes():
    outcomes = list(run_damages(2 * len(DAMAGES), seed=11))
    assert {outcome.kind for outcome in outcomes} == set(DAMAGES)
    assert {outcome.rule for outcome in outcomes} <= set(RULES)
    assert [outcome for outcome in outcomes if not (outcome.refused and outcome.by_rule)] == []
    assert [outcome for outcome in outcomes if not outcome.repaired] == []


def test_no_changed_byte_passes_and_no_harmless_change_is_refused():
    assert [outcome for outcome in run_tampering(60, seed=3) if not (outcome.refused and outcome.repaired)] == []
    assert [outcome for outcome in run_harmless(20, seed=3) if not outcome.repaired] == []

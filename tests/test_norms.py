"""Every shipped value has a unit and a source, or a flag that says it has none."""

from __future__ import annotations

import pytest

from layout_planner.norms import FLAGS, list_norm_sets, read_norms


@pytest.mark.parametrize("name", list_norm_sets())
def test_every_value_has_unit_and_source_or_flag(name):
    for norm in read_norms(name).norms:
        assert norm.unit, norm.key
        assert norm.flag in FLAGS, norm.key
        assert norm.instrument or norm.assumed, norm.key

"""Limits, procedures and planning assumptions as dated, sourced data: one TOML file a set, no number in code.

Confidence flags, shown beside every verdict that used the value:
R1 read in the instrument's own text; R2 read in a reproduction or press report; R3 read in a weak place;
A assumption of this project, no source; D arithmetic from a flagged value.
"""

from __future__ import annotations

from layout_planner.norms.model import COMPARATORS, FLAGS, SEVERITIES, STATUSES, Flag, Indicator, Norm, NormSet
from layout_planner.norms.reader import SetFile, list_norm_sets, list_versions, read_norms, read_scenario_norms, read_set_file

__all__ = [
    "COMPARATORS",
    "FLAGS",
    "SEVERITIES",
    "STATUSES",
    "Flag",
    "Indicator",
    "Norm",
    "NormSet",
    "SetFile",
    "list_norm_sets",
    "list_versions",
    "read_norms",
    "read_scenario_norms",
    "read_set_file",
]

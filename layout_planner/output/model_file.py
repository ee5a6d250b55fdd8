"""The model of a scenario as an .lp file: every row by its name, for whoever would read it or solve it with another program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from layout_planner.pipeline import ground_of
from layout_planner.plan.choices import choose_options
from layout_planner.plan.model import build_model
from layout_planner.sweep import Question
from layout_planner.whole import whole_file

if TYPE_CHECKING:
    from layout_planner.pipeline import OnStep


def write_model(source: str | Path, path: str | Path, *, data_dir: str | Path | None = None, on_step: OnStep | None = None) -> None:
    """Write the model of the scenario at `source` to the .lp file `path`, with the goal on cost: yuan a year, or the weighted sum.

    The goals before it (pupils made worse off, pupils at risk, ...) are sums of its columns; `plan/model.py` says which.

    Raises
    ------
    InputError : faults in the scenario or its files.
    """
    scenario, norms, ground = ground_of(source, data_dir=data_dir, on_step=on_step)
    asked = Question.of(scenario, norms, ground)
    model = build_model(asked.case, choose_options(asked.case, asked.options, asked.today), asked.today)
    model.problem.setObjective(model.spend)
    with whole_file(Path(path)) as part:
        model.problem.writeLP(str(part))

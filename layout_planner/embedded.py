"""Where the demo county and its scenarios are: beside the package in a checkout, inside it when installed."""

from __future__ import annotations

from pathlib import Path

from layout_planner.errors import OutputError
from layout_planner.words import Words

DEMO_SCENARIOS = ("keep-all", "bureau-mergers", "safeguarded")


def scenario_folder() -> Path:
    """Return the folder of the scenarios that ship with the package.

    Raises
    ------
    OutputError : the installation holds none.
    """
    package = Path(__file__).parent
    for folder in (package.parent / "scenarios", package / "shipped" / "scenarios"):
        if (folder / "base.toml").is_file():
            return folder
    raise OutputError(Words("安装中缺少演示县，请重新安装", "the demo county is missing from this installation: install it again"))


def demo_scenarios() -> list[Path]:
    """Return the scenario files of the demo county in the order they are compared."""
    return [scenario_folder() / f"{name}.toml" for name in DEMO_SCENARIOS]

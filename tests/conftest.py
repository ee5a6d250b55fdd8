"""What all tests share: `--regen` rewrites the golden files and prints what changed."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import layout_planner  # noqa: F401 - before openpyxl: it settles with which library Excel files are written

if TYPE_CHECKING:
    from collections.abc import Callable

# A busy machine is slow, not wrong. One change is judged by the same examples each time (CI is set); new ones are sought by hand.
settings.register_profile("steady", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("steady")

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regen", action="store_true", help="rewrite the golden files and show the differences")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a check that `text` equals the golden file `name`."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        kept = path.read_text(encoding="utf-8") if path.exists() else ""
        difference = "".join(difflib.unified_diff(kept.splitlines(keepends=True), text.splitlines(keepends=True), f"golden/{name}", "now"))
        if request.config.getoption("--regen"):
            path.write_text(text, encoding="utf-8")
            print(difference)  # noqa: T201 - this is what --regen is for
            return
        assert not difference, f"{difference}\nrun pytest --regen when this change is meant"

    return check

"""The arrows of the design: imports point down the list and never up."""

from __future__ import annotations

import ast
from pathlib import Path

import layout_planner

PACKAGE = Path(layout_planner.__file__).parent
FLOORS = [
    ["words"],
    ["errors", "names", "workbook", "privacy", "texts", "whole", "clock"],
    ["highs"],
    ["location"],
    ["scenario"],
    ["norms"],
    ["county"],
    ["travel"],
    ["plan.layout", "results"],
    ["risk"],
    ["plan"],
    ["safeguards"],
    ["assess"],
    ["buses"],
    ["compare", "agreeing"],
    ["pipeline"],
    ["studies", "sweep"],
    ["why", "frontier", "ideal", "province", "years", "repair"],
    ["output"],
    ["demo", "embedded"],
    ["cli"],
]


def floor_of(module: str) -> int:
    best = max(
        ((len(name), floor) for floor, names in enumerate(FLOORS) for name in names if (module + ".").startswith(name + ".")),
        default=None,
    )
    assert best is not None, f"{module} stands on no floor: add it to FLOORS"
    return best[1]


def imports_of(path: Path) -> set[str]:
    """Return the modules of this package that `path` imports when it runs or is type-checked."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("layout_planner."):
            found.add(node.module.removeprefix("layout_planner."))
    return found


def test_imports_point_down():
    upward = []
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        if module == "__init__":
            continue
        upward += [f"{module} -> {other}" for other in sorted(imports_of(path)) if floor_of(other) > floor_of(module)]
    assert upward == []


def test_only_readers_open_files_and_only_output_writes():
    readers = {"county", "norms", "scenario", "embedded", "province.settings", "province.keys"}
    writers = {"output", "demo", "workbook", "whole", "county.forms", "county.fetch"}
    calls = {
        "open": readers | writers | {"highs", "safeguards.certificate", "safeguards.signature"},  # highs opens the null device
        "read_text": readers | writers | {"safeguards.certificate"},
        "write_text": writers,
        "read_bytes": readers | writers | {"safeguards.certificate", "safeguards.signature"},
        "write_bytes": writers,
        "to_parquet": writers | {"county.database"},  # a copy that lasts while it is read
        "to_file": writers,
    }
    astray = []
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in calls:
                allowed = calls[node.func.attr]
                if not any((module + ".").startswith(room + ".") for room in allowed):
                    astray.append(f"{module}:{node.lineno} {node.func.attr}")
    assert astray == []


def test_public_names_are_sorted_and_exist():
    assert sorted(layout_planner.__all__) == layout_planner.__all__
    assert dir(layout_planner) == layout_planner.__all__  # an editor offers them before they are imported
    for name in layout_planner.__all__:
        assert getattr(layout_planner, name).__doc__

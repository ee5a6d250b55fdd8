"""Names of results: the hash of everything that they follow from, so that a result is found again only where nothing changed."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from layout_planner.county.database import local_copies
from layout_planner.county.faults import FaultError
from layout_planner.county.raw_files import check_file, hash_file
from layout_planner.norms import read_scenario_norms
from layout_planner.province.parts import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from layout_planner.scenario import Scenario

CODE_ENDINGS = (".py", ".toml")


def name_county(scenario: Scenario) -> str:
    """Return the hash of a county's scenario, norms and files, and of this program.

    Raises
    ------
    InputError : the norm set cannot be used, or a database cannot be read.
    """
    said = scenario.model_dump(mode="json", exclude={"folder": True, "data": {"dir": True}})
    return _digest([said, repr(read_scenario_norms(scenario)), _hash_files(scenario), digest_code()])


def name_state(county_key: str, caps: Mapping[str, float] | None) -> State:
    """Return the state of the county named `county_key` under `caps`, or as it is."""
    kept = None if caps is None else tuple(sorted((name, float(value)) for name, value in caps.items()))
    return State(_digest([county_key, kept]), kept)


def name_crossing(county_keys: list[str], border_km: float) -> str:
    """Return the hash of a county's offers to its neighbours; `county_keys` are the states involved, the host first."""
    return _digest(["crossing", county_keys[0], sorted(county_keys[1:]), border_km])


def _hash_files(scenario: Scenario) -> list[tuple[str, str]]:
    """Return the hash of every file, and of what every table of a database holds now."""
    with local_copies(scenario) as local:
        folder = local.folder / local.data.dir
        places = {source.path: source.place for source in local.data.located().values()}
        paths = sorted({*_paths_in(local.data.model_dump(mode="json")), *local.travel.bad_days})
        return [(path, _hash_or_fault(folder / places.get(path, path))) for path in paths]


def _hash_or_fault(path: Path) -> str:
    try:
        check_file(path)
        return hash_file(path)
    except FaultError as fault:
        return fault.what.en


def _paths_in(content: Any) -> Iterator[str]:  # noqa: ANN401 - whatever the scenario holds
    """Yield every `path` that is written anywhere in `content`."""
    if isinstance(content, dict):
        for key, value in content.items():
            if key == "path" and isinstance(value, str):
                yield value
            yield from _paths_in(value)
    elif isinstance(content, list):
        for value in content:
            yield from _paths_in(value)


@cache
def digest_code() -> str:
    """Return the hash of this package's code and norms: what another version worked out is worked out again."""
    digest = hashlib.sha256()
    for file in _code_in(resources.files("layout_planner")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _code_in(folder: Traversable) -> Iterator[Traversable]:
    for entry in sorted(folder.iterdir(), key=lambda found: found.name):
        if entry.is_dir():
            yield from _code_in(entry)
        elif entry.name.endswith(CODE_ENDINGS):
            yield entry


def _digest(content: Any) -> str:  # noqa: ANN401 - anything JSON can hold
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

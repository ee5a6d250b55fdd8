"""A province: one TOML file that names its counties, what they share, and how far a child may go across a border."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationError

from layout_planner.errors import InputError, Problem, ScenarioError, raise_problems
from layout_planner.scenario import Count, Scenario, Strict, Title, read_scenario, read_toml
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_COUNTIES = 1_000


class CountyEntry(Strict):
    """One county: its id in all results, and the scenario that describes it."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    scenario: str


class Budget(Strict):
    """What the counties share; what is absent is not limited beyond each county's own scenario."""

    new_beds: Count | None = None
    new_buses: Count | None = None
    extra_yuan: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        default=None, description="yearly cost of all plans beyond what the counties cost today"
    )

    @property
    def limits(self) -> dict[str, float]:
        """Return the shared limits by name of the resource, those that are set."""
        return {name: float(value) for name, value in self.model_dump().items() if value is not None}


class Generated(Strict):
    """A fictitious province instead of counties that are listed."""

    size: Literal["small", "full"] = Field(default="small", description="12 small counties, or 88 with 150,000 settlements")
    seed: int = Field(default=880_012, ge=0, le=2**31 - 1)


class Province(Strict):
    """Many counties; `folder` is where the paths of their scenarios start."""

    schema_version: Literal[1] = Field(alias="schema")
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    title: Title
    border_km: Annotated[float, Field(ge=0, le=50)] = Field(
        default=0.0, description="schools so near a border may take a neighbour's children; 0 = nobody crosses"
    )
    rounds: int = Field(default=3, ge=1, le=20, description="rounds in which the shared budget is priced anew, at most")
    budget: Budget = Budget()
    county: tuple[CountyEntry, ...] = Field(default=(), max_length=MOST_COUNTIES)
    generated: Generated | None = None
    folder: Path = Path()

    def sources(self) -> Iterator[tuple[str, Path]]:
        """Yield the id and the scenario file of every county, in the order of the ids."""
        for entry in sorted(self.county, key=lambda county: county.id):
            yield entry.id, self.folder / entry.scenario


def read_province(path: str | Path) -> Province:
    """Return the province at `path`.

    Raises
    ------
    ScenarioError : the file is missing, is no TOML, has unknown, missing or wrong keys, or names a county twice.
    """
    path = Path(path)
    content = read_toml(path)
    try:
        province = Province.model_validate({**content, "folder": path.absolute().parent})
    except ValidationError as error:
        raise ScenarioError(
            Problem(
                str(path),
                Words(f"键不合要求：{fault['msg']}", f"wrong key: {fault['msg']}"),
                Words("对照 scenarios/province.toml 改正", "correct it after scenarios/province.toml"),
                column=".".join(str(part) for part in fault["loc"]),
            )
            for fault in error.errors()
        ) from None
    _refuse_twice(path, province)
    if (province.generated is None) == (not province.county):
        what = Words("要么列出各县，要么写 [generated]", "either list the counties, or write [generated]")
        raise _fault(path, what, Words('写成 [[county]] id = "..." scenario = "..."', 'write [[county]] id = "..." scenario = "..."'))
    return province


def settle_counties(asked: Province, made: Path) -> Province:
    """Return the province `asked` with the counties of the generated one at `made`."""
    found = read_province(made)
    return asked.model_copy(update={"county": found.county, "folder": found.folder, "generated": None})


def _fault(path: Path, what: Words, hint: Words) -> ScenarioError:
    return ScenarioError([Problem(str(path), what, hint)])


def _refuse_twice(path: Path, province: Province) -> None:
    ids = [entry.id for entry in province.county]
    what = Words("同一县编号写了两次", "two counties have the same id")
    hint = Words("每个县用不同的 id", "give every county an id of its own")
    raise_problems(Problem(str(path), what, hint, column="county.id", value=key) for key in sorted(set(ids)) if ids.count(key) > 1)


def read_counties(province: Province) -> tuple[dict[str, Scenario], dict[str, InputError]]:
    """Return the scenario of every county that can be read, and what is wrong with the others, both by id."""
    scenarios, faults = {}, {}
    for county_id, source in province.sources():
        try:
            scenarios[county_id] = read_scenario(source)
        except InputError as error:
            faults[county_id] = error
    return scenarios, faults

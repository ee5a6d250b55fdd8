"""What is wrong or doubtful with the places of a county, row by row, so that it can be mended before anything is computed.

Faults stop a run; doubts do not, and a planner decides. Distances below are settings of these checks, not norms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely

from layout_planner.county.places import NULL_ISLAND_DEGREES, to_metres
from layout_planner.county.townships import doubt_townships
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from layout_planner.county.inputs import Survey
    from layout_planner.county.table_files import CheckedTable

    Floats = NDArray[np.float64]
    Why = Callable[[int], Words]

SAME_POINT_M = 1.0
NEAR_TWIN_M = 30.0
FAR_FROM_ROAD_M = 2000.0
COARSE_DECIMALS = 2
NEAR_HOME_M = 5000.0
KINDS = {
    "fault": Words("其他必须改正的问题", "other faults"),
    "zero": Words("坐标为 0, 0", "coordinates 0, 0"),
    "swapped": Words("经纬度填反", "longitude and latitude swapped"),
    "no_place": Words("没有可用的坐标", "no usable coordinates"),
    "outside": Words("在县界之外", "outside the boundary"),
    "datum": Words("坐标系可疑", "doubtful datum"),
    "same_point": Words("多行同一点", "several rows on one point"),
    "near_twin": Words("几乎同一点", "almost the same point"),
    "coarse": Words("坐标过于粗略", "coarse coordinates"),
    "far_from_road": Words("离道路很远", "far from any road"),
    "township": Words("乡镇与位置不符", "township does not fit the place"),
    "name": Words("同乡镇重名", "same name in one township"),
    "school_name": Words("校名与乡镇不符", "school's name and township differ"),
}
MENDS = {
    "zero": Words("填入真实坐标", "fill in the true coordinates"),
    "swapped": Words("对调经度和纬度两列", "swap longitude and latitude"),
    "no_place": Words("补填或改正坐标", "fill in or correct the coordinates"),
    "outside": Words(
        "核对坐标和坐标系；确在县外的，从表中删除或用 exclude 排除", "check place and datum; if truly outside, exclude the row"
    ),
    "same_point": Words("给每行填各自的位置；确为同址的可不改", "give every row its own place; leave it where they do share one"),
    "near_twin": Words("若为同一处，删去一行；否则不改", "delete one row if they are one place, else leave it"),
    "coarse": Words("用五位以上小数的坐标", "use coordinates with five decimals or more"),
    "far_from_road": Words("核对位置；若确无道路，补充道路数据", "check the place; if no road is mapped, add it to the roads"),
    "township": Words("核对乡镇名或坐标", "check the township or the coordinates"),
    "name": Words("核对是否重复登记；不同的村在名称后加注", "check for a double; tell different villages apart by name"),
    "school_name": Words("核对所属乡镇", "check the township"),
}
Severity = Literal["fault", "doubt"]


@dataclass(frozen=True, slots=True)
class PlaceFinding:
    """One row that should be looked at; `lon`, `lat` in degrees where it can be shown, NaN elsewhere.

    A swapped place is shown where it would be the right way round.
    """

    severity: Severity
    kind: str
    table: str
    why: Words
    mend: Words
    row: int | None = None
    id: str = ""
    name: str = ""
    column: str = ""
    value: str = ""
    lon: float = np.nan
    lat: float = np.nan


def judge_places(survey: Survey) -> list[PlaceFinding]:
    """Return all findings of a survey: faults first, then by kind, table and row."""
    findings = list(_datum_findings(survey))
    tables = [_Table(table, survey) for table in (survey.settlements, survey.schools) if table.places is not None and table.usable]
    for table in tables:
        findings.extend(table.findings())
    findings.extend(_township_findings(survey))
    told = {(finding.table, finding.row) for finding in findings if finding.severity == "fault"}
    told |= {(table, None) for table, _ in told}  # "and 90 more of the same kind": they are all listed here
    for problem in survey.problems:
        if problem.column in {"lon", "lat", "geometry"} and (problem.file, problem.row) in told:
            continue
        shown = problem.value or ""
        findings.append(
            PlaceFinding("fault", "fault", problem.file, problem.what, problem.hint, problem.row, column=problem.column or "", value=shown)
        )
    order = list(KINDS)
    return sorted(findings, key=lambda f: (f.severity != "fault", order.index(f.kind), f.table, f.row or 0, f.column, f.value))


def _township_findings(survey: Survey) -> Iterator[PlaceFinding]:
    shown = {"settlements": survey.settlements, "schools": survey.schools}
    for doubt in doubt_townships(survey.settlements, survey.schools, survey.crs):
        table = shown[doubt.role]
        row = table.frame.iloc[doubt.at]
        yield PlaceFinding(
            "doubt", doubt.kind, table.shown, doubt.why, MENDS[doubt.kind], int(table.rows[doubt.at]),
            id=str(row.get(table.key, "")), name=str(row.get("name", "")), column="name" if doubt.kind == "name" else "township",
            value=str(row["township"]), lon=float(row["lon"]), lat=float(row["lat"]),
        )  # fmt: skip


def _datum_findings(survey: Survey) -> Iterator[PlaceFinding]:
    for doubt in survey.doubts.values():
        mend = Words(f'若坐标来自该平台，写 crs = "{doubt.better}"', f'if they come from there, write crs = "{doubt.better}"')
        yield PlaceFinding("doubt", "datum", doubt.table, doubt.say(), mend, column="lon")


class _Table:
    """The rows of one table with their places in metres."""

    def __init__(self, table: CheckedTable, survey: Survey) -> None:
        assert table.places is not None  # noqa: S101 - judge_places leaves such tables out
        self.shown, self.frame, self.rows, self.survey = table.shown, table.frame, table.rows, survey
        self.lon, self.lat, self.x, self.y = table.places.lon, table.places.lat, table.places.x, table.places.y
        self.keys = table.frame[table.key].astype(str).tolist() if table.key in table.frame else [""] * len(table.frame)
        self.names = table.frame["name"].astype(str).tolist() if "name" in table.frame else [""] * len(table.frame)
        self.known = np.isfinite(self.lon) & np.isfinite(self.lat)
        self.points = to_metres(self.lon, self.lat, survey.crs)

    def findings(self) -> Iterator[PlaceFinding]:
        """Yield what each check finds; a row without a place is told once."""
        outside, swapped = self._outside_m(), self._swapped()
        zero = (np.abs(self.x) < NULL_ISLAND_DEGREES) & (np.abs(self.y) < NULL_ISLAND_DEGREES)
        yield from self._faults(zero, "zero", lambda _: Words("坐标是 0, 0", "the coordinates are 0, 0"))
        turned = Words("按填写的经纬度不在本县，对调后在本县", "as given the place is elsewhere; the other way round it is in the county")
        yield from self._faults(swapped, "swapped", lambda _: turned, turned=True)
        lost = ~self.known & ~zero & ~swapped
        yield from self._faults(lost, "no_place", lambda _: Words("没有可用的坐标", "there are no usable coordinates"))
        yield from self._faults(
            (outside > 0) & ~swapped, "outside", lambda at: _far_words("县界外{}", "{} outside the boundary", outside[at])
        )
        yield from self._same_points()
        yield from self._coarse()
        yield from self._far_from_roads()

    def _finding(self, at: int, severity: Severity, kind: str, why: Words, *, turned: bool = False) -> PlaceFinding:
        lon, lat = (self.y[at], self.x[at]) if turned else (self.lon[at], self.lat[at])
        value = "" if not np.isfinite(self.x[at]) else f"{self.x[at]:.10g}, {self.y[at]:.10g}"
        row, key, name = int(self.rows[at]), self.keys[at], self.names[at]
        return PlaceFinding(severity, kind, self.shown, why, MENDS[kind], row, key, name, "lon", value, float(lon), float(lat))

    def _faults(self, hit: NDArray[np.bool_], kind: str, why: Why, *, turned: bool = False) -> Iterator[PlaceFinding]:
        for at in np.flatnonzero(hit):
            yield self._finding(int(at), "fault", kind, why(int(at)), turned=turned)

    def _outside_m(self) -> Floats:
        """Return metres outside the boundary, 0 within it, within the tolerance of the reader, or where it is unknown."""
        from layout_planner.county.areas import TOLERANCE_M

        if self.survey.boundary is None:
            return np.zeros(len(self.rows))
        metres = shapely.distance(self.survey.boundary.geometry.union_all(), self.points)
        return np.where(metres > TOLERANCE_M, metres, 0.0)

    def _swapped(self) -> NDArray[np.bool_]:
        """Return which rows lie in the county only when x and y change places."""
        if not self.known.any():
            return np.zeros(len(self.rows), dtype=bool)
        turned = np.isfinite(self.x) & (np.abs(self.y) <= 180) & (np.abs(self.x) <= 90)  # noqa: PLR2004 - degrees
        points = to_metres(np.where(turned, self.y, np.nan), np.where(turned, self.x, np.nan), self.survey.crs)
        home = self._home()
        return np.asarray(turned & shapely.covers(home, points) & ~shapely.covers(home, self.points))

    def _home(self) -> shapely.Geometry:
        """Return where the county is: its boundary, else a box about the middle half of the points, widened threefold."""
        if self.survey.boundary is not None:
            return self.survey.boundary.geometry.union_all().buffer(NEAR_HOME_M)
        xy = shapely.get_coordinates(self.points[self.known])
        low, high = np.percentile(xy, 25, axis=0), np.percentile(xy, 75, axis=0)
        reach = 3 * (high - low) + NEAR_HOME_M
        return shapely.box(*(low - reach), *(high + reach))

    def _same_points(self) -> Iterator[PlaceFinding]:
        at = np.flatnonzero(self.known)
        points = self.points[at]
        first, second = shapely.STRtree(points).query(points, predicate="dwithin", distance=NEAR_TWIN_M)
        for one in np.unique(first):
            others = at[second[(first == one) & (second != one)]]
            if not len(others):
                continue
            metres = shapely.distance(points[one], self.points[others])
            same = others[metres <= SAME_POINT_M]
            close = same if len(same) else others[[int(metres.argmin())]]
            listed = "、".join(f"{self.names[other] or self.keys[other]}（第{self.rows[other]}行）" for other in close[:5])
            listed_en = ", ".join(f"{self.names[other] or self.keys[other]} (row {self.rows[other]})" for other in close[:5])
            if len(same):
                why = Words(f"与{listed}在同一点", f"on the same point as {listed_en}")
            else:
                why = Words(f"离{listed}只有{metres.min():.0f}米", f"only {metres.min():.0f} m from {listed_en}")
            yield self._finding(int(at[one]), "doubt", "same_point" if len(same) else "near_twin", why)

    def _coarse(self) -> Iterator[PlaceFinding]:
        rounded = self.known & (np.round(self.lon, COARSE_DECIMALS) == self.lon) & (np.round(self.lat, COARSE_DECIMALS) == self.lat)
        for at in np.flatnonzero(rounded):
            why = Words("只有两位小数，可能偏离一公里", "two decimals only: it may be a kilometre off")
            yield self._finding(int(at), "doubt", "coarse", why)

    def _far_from_roads(self) -> Iterator[PlaceFinding]:
        roads = self.survey.roads
        if roads is None or len(roads.edges) == 0 or not self.known.any():
            return
        at = np.flatnonzero(self.known)
        found, metres = shapely.STRtree(roads.edges.geometry.to_numpy()).query_nearest(
            self.points[at], return_distance=True, all_matches=False
        )
        for one, far in zip(at[found[0]], metres, strict=True):
            if far > FAR_FROM_ROAD_M:
                yield self._finding(int(one), "doubt", "far_from_road", _far_words("离最近的道路{}", "{} from the nearest road", far))


def _far_words(zh: str, en: str, metres: float) -> Words:
    far, far_zh = (f"{metres / 1000:.1f} km", f"{metres / 1000:.1f}公里") if metres >= 1000 else (f"{metres:.0f} m", f"{metres:.0f}米")  # noqa: PLR2004
    return Words(zh.format(far_zh), en.format(far))

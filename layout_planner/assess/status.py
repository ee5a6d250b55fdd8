"""One row a school: size, classes, beds, dormitory, toilets, teachers, funds and surroundings, each beside its norm."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layout_planner.plan.costs import count_classes, pupil_funds_yuan
from layout_planner.plan.forms import CLOSED
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layout_planner.norms import Norm, NormSet
    from layout_planner.plan.case import Case
    from layout_planner.plan.layout import Layout

CLASS_STATES = {
    "within": Words("正常", "within the standard"),
    "above": Words("超标准班额", "above the standard"),
    "large": Words("大班额", "oversize"),
    "very_large": Words("超大班额", "far oversize"),
    "empty": Words("无学生", "no pupils"),
}
STATUS_COLUMNS = (
    "school_id",
    "name",
    "township",
    "form",
    "bands",
    "parent_school_id",  # central school of a teaching point, "" for none
    "parent",
    "pupils",  # int, of the layout
    "small",  # bool, under the number of a small school
    "classes",  # int, by the class-size standard, but no more than there are classrooms
    "pupils_per_class",  # float, the mean of the school
    "class_state",  # a key of CLASS_STATES
    "seats",  # float, np.inf when unknown
    "beds",  # int, existing and new
    "boarders",
    "beds_wanted",  # int, pupils too far away who find no bed in the queue
    "dorm_short_m2",  # float, what the boarders lack by the norm; NaN unknown
    "toilets_boys_short",  # float, whole; NaN unknown
    "toilets_girls_short",
    "teachers",  # float, whole; NaN unknown
    "teachers_spare",  # float, teachers beyond the staffing ratio, negative when short
    "funds_yuan",  # float a year, public funds of the pupils, at least those of the funding floor
    "floor_yuan",  # float, the part of it that only the floor brings
    "specialist_lessons",  # float a week, that a teaching point has no teacher for
    "specialists_travelling",  # int, teachers of a central school who would travel to its points
    "too_near",  # int, venues within the legal distance
    "check",  # int, venues to be checked on site
)
UNKNOWN = float("nan")


def tabulate_status(case: Case, layout: Layout, queue: pd.DataFrame, venues: pd.DataFrame) -> pd.DataFrame:
    """Return one row (STATUS_COLUMNS) a school that is open under `layout`, by township and id.

    queue : see `boarding.queue_for_beds`. venues : counts by school, see `surroundings.count_venues`.
    """
    schools, sites = case.county.schools, layout.sites
    trips = layout.assignment[layout.assignment["school_id"] != ""]
    counts = trips.groupby(["school_id", "band"])["pupils"].sum()
    wanted = queue[queue["too_far"]].groupby("school_id")["unserved"].sum()
    rows = []
    for school_id in sites.index[(sites["form"] != CLOSED)]:
        school, site = schools.loc[school_id], sites.loc[school_id]
        pupils = {band: int(counts.get((school_id, band), 0)) for band in str(site["bands"]).split(",") if band}
        parent = str(school.get("parent_school_id") or "")
        rows.append(
            {
                "school_id": school_id,
                "name": school["name"],
                "township": school.get("township", ""),
                "form": site["form"],
                "bands": site["bands"],
                "parent_school_id": parent,
                "parent": schools.at[parent, "name"] if parent in schools.index else "",
                "beds_wanted": int(wanted.get(school_id, 0)),
                **_classes(case, school, site, pupils),
                **_rooms(case.norms, school, site),
                **_staff(case, school, site, pupils),
                **_funds(case, pupils),
                **venues.loc[school_id].to_dict(),
            }
        )
    table = _with_travelling(pd.DataFrame(rows, columns=list(STATUS_COLUMNS)), case.norms)
    return table.sort_values(["township", "school_id"], ignore_index=True)


def _known(school: pd.Series, column: str) -> float:
    """Return a figure of the school table; NaN where the table lacks it."""
    value = school.get(column, UNKNOWN)
    return UNKNOWN if pd.isna(value) else float(value)


def _breaks(norm: Norm | None, value: float) -> bool:
    if norm is None:
        return False
    return value >= norm.value if norm.comparator == "<" else value > norm.value


def _classes(case: Case, school: pd.Series, site: pd.Series, pupils: Mapping[str, int]) -> dict[str, Any]:
    norms, bands = case.norms, case.scenario.bands
    wanted = sum(count_classes(count, bands[band], norms) for band, count in pupils.items())
    rooms = _known(school, "classrooms")
    classes = min(wanted, int(rooms)) if rooms > 0 else wanted
    total = sum(pupils.values())
    mean = total / classes if classes else 0.0
    grades = [grade for band in pupils for grade in bands[band]]
    if not total:
        state = "empty"
    elif _breaks(norms.find("class.very_large", grades=grades), mean):
        state = "very_large"
    elif _breaks(norms.find("class.large", grades=grades), mean):
        state = "large"
    else:
        standard = sum(count * norms.value("class.standard", grades=bands[band]) for band, count in pupils.items()) / total
        state = "above" if mean > standard else "within"
    return {
        "pupils": total,
        "small": total < norms.value("small_school.max_pupils"),
        "classes": classes,
        "pupils_per_class": mean,
        "class_state": state,
        "seats": float(site["seats"]),
    }


def _rooms(norms: NormSet, school: pd.Series, site: pd.Series) -> dict[str, Any]:
    """Return beds, and what dormitory and toilets lack; new beds are taken to be built to the norm."""
    area = norms.find("dorm.area_m2")
    boarders, new_beds, pupils = int(site["boarders"]), int(site["new_beds"]), int(site["pupils"])
    dorm_short = UNKNOWN if area is None else 0.0
    if area is not None and boarders > new_beds:
        dorm_short = float(np.maximum(0.0, area.value * (boarders - new_beds) - _known(school, "dorm_area_m2")))
    girls = pupils * norms.value("pupils.girls_share")
    short = {}
    for key, count in (("toilets_boys", pupils - girls), ("toilets_girls", girls)):
        norm = norms.find(key.replace("_", "."))
        needed = UNKNOWN if norm is None else math.ceil(count / norm.value)
        short[f"{key}_short"] = float(np.maximum(0.0, needed - _known(school, key)))
    return {"beds": int(site["beds"]) + new_beds, "boarders": boarders, "dorm_short_m2": dorm_short, **short}


def _staff(case: Case, school: pd.Series, site: pd.Series, pupils: Mapping[str, int]) -> dict[str, Any]:
    """Return teachers beside the ratio, and the specialist lessons that a teaching point has no teacher for.

    One teacher a class teaches that class; the others of a point give specialist lessons.
    """
    norms, bands = case.norms, case.scenario.bands
    teachers = _known(school, "teachers")
    ratios = {band: norms.find("staff.pupils_per_teacher", grades=bands[band]) for band in pupils}
    posts = [UNKNOWN if ratio is None else pupils[band] / ratio.value for band, ratio in ratios.items()]
    needed = float(np.ceil(sum(posts) - 1e-9))
    lessons = 0.0
    if site["form"] == "teaching_point" and sum(pupils.values()):
        classes = sum(count_classes(count, bands[band], norms) for band, count in pupils.items())
        own = max(0.0, (0.0 if math.isnan(teachers) else teachers) - classes) * norms.value("specialist.lessons_per_teacher_week")
        lessons = max(0.0, classes * norms.value("specialist.lessons_per_class_week") - own)
    return {"teachers": teachers, "teachers_spare": teachers - needed, "specialist_lessons": lessons}


def _funds(case: Case, pupils: Mapping[str, int]) -> dict[str, Any]:
    bands = case.scenario.bands
    funds = pupil_funds_yuan(case.norms, pupils, bands)
    earned = sum(case.norms.value("cost.per_pupil_yuan", grades=bands[band]) * count for band, count in pupils.items())
    return {"funds_yuan": funds, "floor_yuan": funds - earned}


def _with_travelling(table: pd.DataFrame, norms: NormSet) -> pd.DataFrame:
    """Add the specialist teachers whom each central school sends to its teaching points, all lessons of its points together."""
    lessons = table.groupby("parent_school_id")["specialist_lessons"].sum()
    sent = np.ceil(lessons / norms.value("specialist.lessons_per_teacher_week") - 1e-9)
    table["specialists_travelling"] = sent.reindex(table["school_id"], fill_value=0).to_numpy().astype(int)
    return table

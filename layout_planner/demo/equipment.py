"""What each school of the demo county has: pupils, classrooms, seats, beds, canteen, teachers, buses, money."""

# ruff: noqa: PLR2004  a county is invented by such numbers; each is used once and says what it is where it stands
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layout_planner.demo.people import pupils_of
from layout_planner.demo.schooling import BANDS, TAUGHT

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.demo.terrain import Floats

CLASS_SIZE = {"teaching_point": 25, "primary": 40, "nine_year": 42, "junior": 48}
FAR = {"school_upper_primary": 2_900.0, "school_junior": 3_900.0}  # metres beyond which a child would board if there were a bed
BUS_TOWNS = {1: 3, 2: 4, 3: 2, 4: 3, 5: 3, 6: 2, 7: 2, 8: 2, 10: 1}  # township and buses of its central school
PROTECTED = 2  # teaching points that the county has promised to keep
OVERFULL = (0, 1)  # positions of two town schools with more pupils than seats


def equip_schools(rng: np.random.Generator, schools: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Return the schools with everything they have; enrolment is the sum of the children who attend."""
    schools = schools.copy()
    by_grade = count_by_grade(schools, people)
    enrolment = by_grade.sum(axis=1)
    schools["enrolment"] = enrolment.astype(int)
    schools["classrooms"], schools["seats"] = _rooms(rng, schools, by_grade)
    far = _far_pupils(schools, people)
    boarding = schools["role"].isin(["central", "junior", "town"]).to_numpy() & (far > 0)
    beds = np.where(boarding, np.ceil(far * rng.choice([0.7, 0.85, 1.0, 1.1], len(schools)) / 8) * 8, 0)
    beds[(schools["role"] == "town").to_numpy() & (schools["form"] == "primary").to_numpy()] = 0
    schools["beds"] = beds.astype(int)
    schools["boarders"] = np.minimum(beds, np.floor(far * 0.96)).astype(int)
    point = (schools["form"] == "teaching_point").to_numpy()
    schools["canteen"] = ~point | (rng.uniform(size=len(schools)) < 0.5)
    posts = np.minimum(np.where(schools["form"] == "junior", 2.9, 1.8) * schools["classrooms"], enrolment / 11.0 + 3)
    schools["teachers"] = np.where(enrolment > 0, np.maximum(np.where(point, 2, 6), posts), 0).astype(int)
    schools["buses"] = schools["town"].map(BUS_TOWNS).where(schools["role"] == "central", 0).fillna(0).astype(int)
    cost = np.where(point, 32_000.0, 68_000.0) + 390.0 * np.maximum(enrolment, 40) + 260.0 * schools["beds"]
    schools["yearly_cost"] = (np.rint(cost / 1_000.0) * 1_000).astype(int)
    schools["protected"] = _most_remote_points(schools, people)
    schools["candidate"] = schools["role"] == "candidate"
    schools["grades"] = [f"{TAUGHT[form][0]}-{TAUGHT[form][1]}" for form in schools["form"]]
    return schools


def _most_remote_points(schools: pd.DataFrame, people: pd.DataFrame) -> list[bool]:
    """Return True for the teaching points whose children would have the longest way to another school."""
    away = people.groupby("school_lower_primary")["school_upper_primary_m"].mean()
    points = [school for school, form in zip(schools["school_id"], schools["form"], strict=True) if form == "teaching_point"]
    kept = set(sorted(points, key=lambda school: -float(away.get(school, 0.0)))[:PROTECTED])
    return [school in kept for school in schools["school_id"]]


def count_by_grade(schools: pd.DataFrame, people: pd.DataFrame) -> Floats:
    """Return the pupils of every school by grade, shape (schools, 9)."""
    counts = np.zeros((len(schools), 9))
    row = {school: position for position, school in enumerate(schools["school_id"])}
    for band, grades in BANDS.items():
        at = np.array([row[school] for school in people[band]])
        for grade in grades:
            np.add.at(counts[:, grade - 1], at, people[f"pupils_g{grade}"].to_numpy(float))
    return counts


def _rooms(rng: np.random.Generator, schools: pd.DataFrame, by_grade: Floats) -> tuple[list[int], list[int]]:
    rooms, seats = [], []
    for position, (form, role) in enumerate(zip(schools["form"], schools["role"], strict=True)):
        size = CLASS_SIZE[form]
        classes = int(np.ceil(by_grade[position] / size).sum())
        least = TAUGHT[form][1] - TAUGHT[form][0] + 1
        spare = int(rng.integers(2, 7)) if role in {"central", "junior", "town"} else int(rng.integers(0, 2))
        classes = max(classes, least) + spare
        if role == "candidate":
            classes = 12
        crowd = by_grade[position].sum()
        places = classes * (30 if role == "village" and form == "primary" else size)
        if position in OVERFULL:
            classes, places = int(crowd // 52), int(crowd * 0.95 // 10 * 10)
        elif places < crowd:
            places = int(np.ceil(crowd / 10) * 10 + 20)
        rooms.append(classes)
        seats.append(int(places))
    return rooms, seats


def _far_pupils(schools: pd.DataFrame, people: pd.DataFrame) -> Floats:
    """Return the pupils of each school who would have to walk too far."""
    row = {school: position for position, school in enumerate(schools["school_id"])}
    far = np.zeros(len(schools))
    for band, limit in FAR.items():
        away = (people[f"{band}_m"] > limit).to_numpy()
        at = np.array([row[school] for school in people[band]])
        np.add.at(far, at[away], pupils_of(people, BANDS[band])[away])
    return far

"""Schools of the demo county, who attends them today, and what they have."""

# ruff: noqa: PLR2004  a county is invented by such numbers; each is used once and says what it is where it stands
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from layout_planner.demo.distances import road_metres
from layout_planner.demo.names import TOWNSHIPS
from layout_planner.demo.people import pupils_of
from layout_planner.demo.terrain import cell_xy

if TYPE_CHECKING:
    from layout_planner.demo.places import Pockets
    from layout_planner.demo.roadnet import Net
    from layout_planner.demo.terrain import Floats

VILLAGE_SCHOOLS, TEACHING_POINTS = 27, 26
NINE_YEAR_TOWNS = (8, 10)
WALKED = 3_000.0  # metres that grades 4-6 walk; from further away they board at the central school
REACH = 5_000.0  # metres beyond which a longer way no longer counts when sites are chosen
BANDS = {"school_lower_primary": range(1, 4), "school_upper_primary": range(4, 7), "school_junior": range(7, 10)}
TAUGHT = {"teaching_point": (1, 3), "primary": (1, 6), "nine_year": (1, 9), "junior": (7, 9)}
TOWN_PRIMARIES = (("实验小学", "Experimental", 0), ("第二小学", "Second", 3), ("第三小学", "Third", 6))  # names, town block
TOWN_JUNIORS = (("第一中学", "First", 1), ("第二中学", "Second", 4))


def make_schools(rng: np.random.Generator, net: Net, pockets: Pockets, people: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return schools and settlements with the school attended now; enrolments agree to the last child."""
    metres = road_metres(net, people[["x", "y"]].to_numpy(float))
    schools = pd.concat([_town_schools(people), _central_schools(people), _small_schools(metres, pockets, people)], ignore_index=True)
    schools = pd.concat([schools, _candidates(people)], ignore_index=True)
    shift = rng.uniform(45.0, 110.0, (len(schools), 2)) * rng.choice([-1.0, 1.0], (len(schools), 2))
    schools[["x", "y"]] = people[["x", "y"]].to_numpy(float)[schools["at"]] + shift
    schools["school_id"] = _codes(schools)
    centres = schools[schools["role"] == "central"]
    central = {0: schools["school_id"].iloc[0], **dict(zip(centres["town"], centres["school_id"], strict=True))}
    schools["parent_school_id"] = [central[town] if form == "teaching_point" else None
                                   for town, form in zip(schools["town"], schools["form"], strict=True)]  # fmt: skip
    return schools, _attend(rng, schools, people, metres)


def _row(people: pd.DataFrame, at: int, names: tuple[str, str], form: str, role: str) -> dict[str, object]:
    town = int(people["town"].iloc[at])
    return {"name": names[0], "name_en": names[1], "town": town, "township": TOWNSHIPS[town].zh, "form": form, "role": role, "at": at}


def _town_schools(people: pd.DataFrame) -> pd.DataFrame:
    blocks = people.index[(people["town"] == 0) & (people["kind"] == "town")]
    rows = []
    for form, kind, towns in (("primary", "Primary", TOWN_PRIMARIES), ("junior", "Middle", TOWN_JUNIORS)):
        for zh, en, block in towns:
            rows.append(_row(people, int(blocks[block]), (f"云石河县{zh}", f"Yunshihe {en} {kind} School"), form, "town"))
    return pd.DataFrame(rows)


def _central_schools(people: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for town, township in enumerate(TOWNSHIPS[1:], start=1):
        at = int(people.index[(people["town"] == town) & (people["kind"] == "town")][0])
        short = township.en.split()[0]
        if town in NINE_YEAR_TOWNS:
            rows.append(_row(people, at, (f"{township.zh}九年制学校", f"{short} Nine-Year School"), "nine_year", "central"))
            continue
        rows.append(_row(people, at, (f"{township.zh}中心小学", f"{short} Central Primary School"), "primary", "central"))
        rows.append(_row(people, at, (f"{township.stem}中学", f"{short} Middle School"), "junior", "junior"))
    return pd.DataFrame(rows)


def _small_schools(metres: Floats, pockets: Pockets, people: pd.DataFrame) -> pd.DataFrame:
    """Return village primaries and teaching points, each where it spares the children of its township most metres."""
    town = people["town"].to_numpy()
    same = np.where(town[:, None] == town[None, :], np.minimum(metres, REACH), REACH)
    now = same[people.index[people["kind"] == "town"]].min(axis=0)
    weight = pupils_of(people, range(1, 7)) ** 0.85
    sites: list[int] = [_hub_settlement(people, hub) for hub in (pockets.lost_hub, pockets.footpath_hub)]
    for site in sites:
        now = np.minimum(now, same[site])
    while len(sites) < VILLAGE_SCHOOLS + TEACHING_POINTS:
        gain = (np.maximum(0.0, now[None, :] - same) * weight[None, :]).sum(axis=1)
        gain[(people["kind"] == "resettlement").to_numpy()] = 0.0
        sites.append(int(np.argmax(gain)))
        now = np.minimum(now, same[sites[-1]])
    children = (np.argmin(same[sites], axis=0)[None, :] == np.arange(len(sites))[:, None]) & (now < REACH)[None, :]
    catchment = (children * pupils_of(people, range(1, 7))[None, :]).sum(axis=1)
    catchment[0], catchment[1] = np.inf, 0.0  # the lost pocket keeps six grades, the mountain pocket a teaching point
    order = np.argsort(-catchment, kind="stable")
    rows = []
    for rank, position in enumerate(order):
        at = sites[int(position)]
        zh, en = people["name"].iloc[at], people["name_en"].iloc[at]
        if rank < VILLAGE_SCHOOLS:
            rows.append(_row(people, at, (f"{zh}小学", f"{en} Primary School"), "primary", "village"))
        else:
            rows.append(_row(people, at, (f"{zh}教学点", f"{en} Teaching Point"), "teaching_point", "village"))
    return pd.DataFrame(rows).sort_values("town", kind="stable")


def _hub_settlement(people: pd.DataFrame, hub: int) -> int:
    return int(np.argmin(np.hypot(*(people[["x", "y"]].to_numpy(float) - cell_xy(np.array([hub]))).T)))


def _candidates(people: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for at in people.index[people["kind"] == "resettlement"]:
        zh, en = people["name"].iloc[at].removesuffix("安置点"), people["name_en"].iloc[at].split()[0]
        rows.append(_row(people, int(at), (f"{zh}小学（拟建）", f"{en} Primary School (planned)"), "primary", "candidate"))
    return pd.DataFrame(rows)


def _codes(schools: pd.DataFrame) -> list[str]:
    """Return 10-digit codes: 21 primary or 31 junior, 52 for the province, six digits of sequence."""
    return [f"{'21' if form in {'primary', 'teaching_point'} else '31'}52{990_101 + number}" for number, form in enumerate(schools["form"])]


def _attend(rng: np.random.Generator, schools: pd.DataFrame, people: pd.DataFrame, metres: Floats) -> pd.DataFrame:
    """Return the settlements with the school that each band attends: the nearest of the township, with a few exceptions."""
    people = people.copy()
    away = metres[schools["at"].to_numpy()]
    straight = np.hypot(people["x"].to_numpy()[None, :] - schools["x"].to_numpy()[:, None],
                        people["y"].to_numpy()[None, :] - schools["y"].to_numpy()[:, None])  # fmt: skip
    away = np.where(np.isfinite(away), away, 60_000.0 + straight)
    foreign = schools["town"].to_numpy()[:, None] != people["town"].to_numpy()[None, :]
    for band, grades in BANDS.items():
        taught = np.array([TAUGHT[form][0] <= grades[0] and grades[-1] <= TAUGHT[form][1] for form in schools["form"]])
        shut = ~taught | (schools["role"] == "candidate").to_numpy()
        local = away + np.where(foreign, 100_000.0, 0.0) + np.where(shut, 1e9, 0.0)[:, None]
        nearest = np.argmin(local, axis=0)
        anywhere = np.argmin(away + np.where(shut, 1e9, 0.0)[:, None], axis=0)
        draw = rng.uniform(size=len(people))
        chosen = np.where(draw < 0.05, anywhere, nearest)
        if band == "school_upper_primary":  # some parents prefer the central school with its dormitory
            central = schools.index[schools["role"] == "central"]
            centre = dict(zip(schools["town"][central], central, strict=True))
            ways = np.array([centre.get(town, here) for town, here in zip(people["town"], nearest, strict=True)])
            boards = (draw > 0.9) | (np.take_along_axis(away, nearest[None, :], 0)[0] > WALKED)
            chosen = np.where(boards & (np.take_along_axis(away, ways[None, :], 0)[0] < 60_000), ways, chosen)
        people[band] = schools["school_id"].to_numpy()[chosen]
        people[f"{band}_m"] = np.take_along_axis(away, chosen[None, :], 0)[0]
    return people

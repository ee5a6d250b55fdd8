"""What OSM tags mean for a child on foot and for a school bus.

The rules are those of the OSM access wiki, cut down to the two travellers of this project; where a tag is doubtful the stricter
reading wins, because a road that is missing is reported and a road that does not exist is a promise.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

DRIVEN = (
    "motorway",
    "trunk",
    "primary",
    "secondary",
    "tertiary",
    "unclassified",
    "residential",
    "living_street",
    "service",
    "road",
    "track",
)
WALKED = ("path", "footway", "steps", "cycleway", "pedestrian", "bridleway")
SAME_AS = {
    **{f"{name}_link": name for name in DRIVEN[:5]},
    "corridor": "footway",
    "sidewalk": "footway",
    "busway": "service",
    "minor": "unclassified",
}
NO_ROAD = frozenset(
    {
        "",
        "abandoned",
        "bus_guideway",
        "bus_stop",
        "construction",
        "demolished",
        "disused",
        "elevator",
        "emergency_bay",
        "escape",
        "no",
        "planned",
        "platform",
        "proposed",
        "raceway",
        "razed",
        "rest_area",
        "services",
        "via_ferrata",
    }
)
NOT_ON_FOOT = frozenset({"motorway", "motorway_link", "busway"})
DENIED = frozenset({"no", "private", "military", "emergency", "agricultural", "forestry", "agricultural;forestry", "delivery", "permit"})
ALLOWED = frozenset({"yes", "permissive", "designated", "destination", "official"})
FORWARD = frozenset({"yes", "true", "1"})
BACKWARD = frozenset({"-1", "reverse"})
MILE_KM = 1.609344
SPEED = re.compile(r"^(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph)?$")
SIZE = re.compile(r"^(\d+(?:\.\d+)?)\s*(m|cm|米|t|kg|吨)?$")
SMALL_UNITS = {"cm": 0.01, "kg": 0.001}
NOT_FOR_BUS = {
    "smoothness": frozenset({"very_bad", "horrible", "very_horrible", "impassable"}),
    "tracktype": frozenset({"grade4", "grade5"}),
    "4wd_only": frozenset({"yes", "recommended"}),
    "bus": frozenset({"no"}),
    "psv": frozenset({"no"}),
    "hgv": frozenset({"no"}),
}
HAZARDS = frozenset(
    {
        "bend",
        "curve",
        "curves",
        "dangerous_junction",
        "falling_rocks",
        "landslide",
        "narrow",
        "rock_fall",
        "sharp_curve",
        "slippery",
        "steep",
    }
)
SURFACES = {
    "paved": ("paved", "asphalt", "concrete", "chipseal", "cement", "沥青", "水泥", "沥青路", "水泥路", "柏油", "混凝土", "硬化"),
    "sett": ("sett", "paving_stones", "cobblestone", "unhewn_cobblestone", "bricks", "brick", "stone", "石板", "块石", "弹石"),
    "compacted": ("compacted", "fine_gravel", "泥结碎石"),
    "gravel": ("gravel", "unpaved", "pebblestone", "砂石", "碎石", "砂石路", "未硬化"),
    "ground": ("ground", "dirt", "earth", "clay", "soil", "grass", "rock", "sand", "wood", "土路", "土", "泥土"),
    "mud": ("mud", "泥泞"),
}
SURFACE_KINDS = {name: kind for kind, names in SURFACES.items() for name in names}


class Use(NamedTuple):
    """One road as the two travellers may use it; the fields are columns of ROAD_COLUMNS."""

    road_class: str
    walk: bool
    drive_forward: bool
    drive_backward: bool
    speed_limit_kmh: float
    closed_from: str
    bridge: bool
    width_m: float
    max_weight_t: float
    max_height_m: float
    hazard: bool


def judge_tags(tags: Mapping[str, str]) -> Use | None:
    """Return how a way with these OSM tags may be used, or None when it is no road or nobody may use it."""
    highway = tags.get("highway", "")
    if highway == "" and tags.get("route") == "ferry":
        return _judge_ferry(tags)
    if highway in NO_ROAD or tags.get("area") == "yes":
        return None
    road_class = name_class(highway)
    walk = _may_walk(highway, tags)
    forward, backward = _directions(highway, tags) if road_class in DRIVEN and _may_drive(tags) else (False, False)
    if not (walk or forward or backward):
        return None
    wet = tags.get("ford", "no") != "no" or tags.get("flood_prone") == "yes"
    bridge = tags.get("bridge", "no") != "no" or tags.get("tunnel", "no") != "no"
    return Use(
        road_class,
        walk,
        forward,
        backward,
        read_speed(tags.get("maxspeed", "")),
        tags.get("closed_from", "").lower() or ("flood" if wet else ""),
        bridge,
        min(read_size(tags.get(key, "")) for key in ("width", "est_width", "maxwidth", "maxwidth:physical")),
        min(read_size(tags.get(key, "")) for key in ("maxweight", "maxgcweight")),
        min(read_size(tags.get(key, "")) for key in ("maxheight", "maxheight:physical")),
        tags.get("hazard", "") in HAZARDS or tags.get("narrow") == "yes",
    )


def _judge_ferry(tags: Mapping[str, str]) -> Use | None:
    """Return how a ferry may be used: on foot unless that is denied, by a bus only where the tags say that it carries vehicles.

    In a flood it does not sail.
    """
    walk = tags["foot"] in ALLOWED if "foot" in tags else tags.get("access", "") not in DENIED
    drive = any(tags.get(key) in ALLOWED for key in ("motor_vehicle", "motorcar", "bus"))
    forward, backward = _directions("ferry", tags) if drive and tags.get("access", "") not in DENIED else (False, False)
    if not (walk or forward or backward):
        return None
    return Use(
        "ferry",
        walk,
        forward,
        backward,
        np.inf,
        "flood",
        bridge=False,
        width_m=np.inf,
        max_weight_t=np.inf,
        max_height_m=np.inf,
        hazard=False,
    )


def name_class(highway: str) -> str:
    """Return the class that has a speed here: links join their road, unknown values become `road`."""
    known = SAME_AS.get(highway, highway)
    return known if known in DRIVEN or known in WALKED or known == "ferry" else "road"


@lru_cache(maxsize=4096)
def read_speed(text: str) -> float:
    """Return a posted limit in km/h, the least when several are named; `inf` when none can be read."""
    limits = [np.inf]
    for part in text.lower().split(";"):
        found = SPEED.match(part.strip())
        if found and float(found[1]) > 0:
            limits.append(float(found[1]) * (MILE_KM if found[2] == "mph" else 1.0))
    return min(limits)


@lru_cache(maxsize=4096)
def read_size(text: str) -> float:
    """Return a width or height in metres, or a weight in tonnes, the least when several are named; `inf` when none can be read."""
    sizes = [np.inf]
    for part in re.split(r"[;-]", text.lower()):
        found = SIZE.match(part.strip())
        if found and float(found[1]) > 0:
            sizes.append(float(found[1]) * SMALL_UNITS.get(found[2], 1.0))
    return min(sizes)


def name_surface(text: str) -> str:
    """Return the kind of surface (a key of SURFACES) that an OSM value or a bureau's word stands for; "" when unknown."""
    return SURFACE_KINDS.get(text.strip().lower().partition(":")[0], "")


def _may_walk(highway: str, tags: Mapping[str, str]) -> bool:
    foot = tags.get("foot", "")
    if foot in DENIED:
        return False
    if foot in ALLOWED:
        return True
    return not (highway in NOT_ON_FOOT or tags.get("motorroad") == "yes" or tags.get("access", "") in DENIED)


def _may_drive(tags: Mapping[str, str]) -> bool:
    """Return whether a school bus may drive here; a ban on lorries or on line buses counts, since a bus is as large."""
    if any(part in values for key, values in NOT_FOR_BUS.items() for part in tags.get(key, "").split(";")):
        return False
    for key in ("motor_vehicle", "vehicle", "access"):
        if key in tags:
            return tags[key] not in DENIED
    return True


def _directions(highway: str, tags: Mapping[str, str]) -> tuple[bool, bool]:
    """Return whether a bus may drive along the way and against it; a reversible lane is promised in neither direction."""
    oneway = tags.get("oneway", "")
    if oneway == "reversible":
        return False, False
    if oneway in BACKWARD:
        return False, True
    implied = tags.get("junction") in {"roundabout", "circular"} or highway in {"motorway", "motorway_link"}
    if oneway in FORWARD or (implied and oneway not in {"no", "false", "0"}):
        return True, False
    return True, True

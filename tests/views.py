"""Hand-made runs for the tests of pages and maps: a small hostile one, and grids of any size."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import LineString, MultiLineString, Point, box

from layout_planner.county.model import Note, Source
from layout_planner.output.view import RunView
from layout_planner.results import Finding
from layout_planner.words import Words

BANDS = {"lower_primary": (1, 2, 3), "upper_primary": (4, 5, 6), "junior": (7, 8, 9)}
LIMITS = {"lower_primary": 1800.0, "upper_primary": 2700.0, "junior": 3600.0}
LONG_NAME = "长名村" * 100
HOSTILE = (
    "{{7*7}}",
    "{% raw %}",
    "{# never closed",
    "${alert(1)}",
    '<img src=x onerror="window.__hacked=1">',
    "`backticks`",
    "</script><script>window.__hacked=1</script>",
    "\u202eright to left\u200f",
    "emoji 🏫",
    LONG_NAME,
    "\"double\" & 'single'",
    "<!--comment",
)
_SYLLABLES = [
    "大坪",
    "小河",
    "石门",
    "龙井",
    "白岩",
    "水塘",
    "高寨",
    "平寨",
    "木叶",
    "新场",
    "老屋",
    "花桥",
    "马鞍",
    "岩脚",
    "田坝",
    "茶山",
    "青杠",
    "沙坝",
    "上寨",
    "下寨",
]
_ENGLISH = [
    "Daping",
    "Xiaohe",
    "Shimen",
    "Longjing",
    "Baiyan",
    "Shuitang",
    "Gaozhai",
    "Pingzhai",
    "Muye",
    "Xinchang",
    "Laowu",
    "Huaqiao",
    "Maan",
    "Yanjiao",
    "Tianba",
    "Chashan",
    "Qinggang",
    "Shaba",
    "Shangzhai",
    "Xiazhai",
]
_TOWNSHIPS = ["石门乡", "龙井镇", "白岩乡", "花桥镇", "青杠乡", "马鞍镇"]
_WEST, _SOUTH, _DEGREES_KM = 106.2, 26.1, 1 / 100


def _places(count: int, km: float, rng: np.random.Generator) -> np.ndarray:
    """Return points clustered along valleys, in degrees."""
    along = rng.uniform(0, km, count)
    valley = rng.integers(0, 7, count) * km / 7 + km / 14
    across = valley + 2.2 * np.sin(along / km * 9 + valley) + rng.normal(0, km / 26, count)
    return np.column_stack([_WEST + along * _DEGREES_KM, _SOUTH + np.clip(across, 0, km) * _DEGREES_KM * 0.9])


def make_settlements(count: int, km: float, rng: np.random.Generator, *, hostile: bool = True) -> gpd.GeoDataFrame:
    places = _places(count, km, rng)
    pupils = {f"pupils_{band}": rng.integers(1, 14, count) for band in BANDS}
    table = gpd.GeoDataFrame(
        {
            "name": [f"{_SYLLABLES[i % 20]}{'' if i < 20 else _SYLLABLES[(i * 7 + i // 20) % 20]}村" for i in range(count)],
            "name_en": [f"{_ENGLISH[i % 20]}{'' if i < 20 else _ENGLISH[(i * 7 + i // 20) % 20].lower()} Village" for i in range(count)],
            "township": [_TOWNSHIPS[int((y - _SOUTH) / (km * _DEGREES_KM * 0.9) * 5.99)] for _, y in places],
            "kind": "village",
            "pupils": sum(pupils.values()),
            **pupils,
            "access_m": rng.uniform(5, 400, count),
            "off_network": False,
            "over_terrain": np.arange(count) % 9 == 2,
        },
        geometry=[Point(*place) for place in places],
        index=pd.Index([f"S{i:04d}" for i in range(count)], name="settlement_id"),
        crs="EPSG:4326",
    )
    if hostile:
        table.loc[table.index[20 : 20 + len(HOSTILE)], "name"] = list(HOSTILE)
        table.loc[table.index[20 : 20 + len(HOSTILE)], "name_en"] = ""
        table.loc[table.index[20], "township"] = HOSTILE[4]
    return table


def make_schools(count: int, km: float, rng: np.random.Generator) -> gpd.GeoDataFrame:
    places = _places(count, km, rng)
    kinds = ["nine_year" if i % 4 == 0 else "primary" if i % 4 < 3 else "teaching_point" for i in range(count)]
    taught = {
        "nine_year": "lower_primary,upper_primary,junior",
        "primary": "lower_primary,upper_primary",
        "teaching_point": "lower_primary",
        "closed": "",
    }
    today = ["closed" if i == count - 1 else kind for i, kind in enumerate(kinds)]
    plan = ["closed" if kind == "teaching_point" and i % 8 == 3 else kind for i, kind in enumerate(kinds)]
    bands_plan = [taught[form] for form in plan]
    if count > 2:
        bands_plan[2] = "lower_primary"
        plan[2] = "teaching_point"
    table = gpd.GeoDataFrame(
        {
            "name": [
                f"{_SYLLABLES[(i * 3) % 20]}{'中心学校' if kind == 'nine_year' else '小学' if kind == 'primary' else '教学点'}"
                for i, kind in enumerate(kinds)
            ],
            "name_en": [f"{_ENGLISH[(i * 3) % 20]} {kind.replace('_', ' ').title()}" for i, kind in enumerate(kinds)],
            "township": [_TOWNSHIPS[i % 6] for i in range(count)],
            "protected": False,
            "form_today": today,
            "bands_today": [taught[form] for form in today],
            "form_plan": plan,
            "bands_plan": bands_plan,
            "seats": np.where(np.arange(count) % 5 == 0, np.inf, 400.0),
            **{f"{name}_{when}": 0 for when in ("today", "plan") for name in ("pupils", "boarders", "beds", "buses")},
            **{f"cost_yuan_{when}": 800_000.0 for when in ("today", "plan")},
        },
        geometry=[Point(*place) for place in places],
        index=pd.Index([f"{520000 + i}" for i in range(count)], name="school_id"),
        crs="EPSG:4326",
    )
    table.loc[table.index[0], "beds_plan"] = 60
    return table


def make_trips(settlements: gpd.GeoDataFrame, schools: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return trips by straight distance: to the nearest open school, on foot if it is near, else by bus or to board."""
    home = np.column_stack([settlements.geometry.x, settlements.geometry.y])
    place = np.column_stack([schools.geometry.x, schools.geometry.y])
    metres = np.hypot(*(home[:, None] - place[None]).T).T / _DEGREES_KM * 1000 * 1.4
    rows = []
    for when in ("today", "plan"):
        for band, limit in LIMITS.items():
            taught = schools[f"bands_{when}"].str.split(",").map(lambda bands, band=band: band in bands).to_numpy()
            far = np.where(taught, metres, np.inf)
            nearest, distance = far.argmin(axis=1), far.min(axis=1)
            for i, settlement_id in enumerate(settlements.index):
                rows.append(
                    _trip(
                        settlement_id,
                        band,
                        when,
                        schools.index[nearest[i]],
                        float(distance[i]),
                        limit,
                        int(settlements[f"pupils_{band}"].iloc[i]),
                    )
                )
    return pd.DataFrame(rows)


def _trip(settlement_id: str, band: str, when: str, school_id: str, metres: float, limit: float, pupils: int) -> dict[str, object]:
    mode, seconds = "walk", metres / 1.05
    if metres > 3500 and when == "plan":
        mode, seconds = "school_bus", 600 + metres / 6
    if metres > 9000 and band != "lower_primary":
        mode, seconds = "board", 600 + metres / 6
    if metres > 12_500 and band == "lower_primary":
        return {
            "settlement_id": settlement_id,
            "band": band,
            "when": when,
            "school_id": "",
            "mode": "unserved",
            "pupils": pupils,
            "seconds": np.inf,
            "optimistic_s": np.inf,
            "pessimistic_s": np.inf,
            "metres": np.inf,
            "limit_s": limit,
            "cause": "no_route",
        }
    late = seconds > limit and mode != "board"
    cause = ("too_far_walk" if mode == "walk" else "too_far_ride") if late else ""
    return {
        "settlement_id": settlement_id,
        "band": band,
        "when": when,
        "school_id": school_id,
        "mode": mode,
        "pupils": pupils,
        "seconds": seconds,
        "optimistic_s": 0.8 * seconds,
        "pessimistic_s": 1.3 * seconds,
        "metres": metres,
        "limit_s": np.inf if mode == "board" else limit,
        "cause": cause,
    }


def make_roads(segments: int, km: float, rng: np.random.Generator, vertices: int = 5) -> gpd.GeoDataFrame:
    """Return winding roads: valley roads as secondary, the rest as tertiary to paths."""
    lines: dict[str, list[LineString]] = {"secondary": [], "tertiary": [], "unclassified": [], "path": []}
    for valley in range(7):
        along = np.linspace(0, km, 90)
        across = valley * km / 7 + km / 14 + 2.2 * np.sin(along / km * 9 + valley * km / 7 + km / 14)
        lines["secondary"].append(LineString(np.column_stack([_WEST + along * _DEGREES_KM, _SOUTH + across * _DEGREES_KM * 0.9])))
    for column in range(5):
        across = np.linspace(0, km, 60)
        along = (column + 0.5) * km / 5 + 1.5 * np.sin(across / 4 + column)
        lines["tertiary"].append(LineString(np.column_stack([_WEST + along * _DEGREES_KM, _SOUTH + across * _DEGREES_KM * 0.9])))
    starts = _places(segments, km, rng)
    for i, start in enumerate(starts):
        heading = rng.uniform(0, 6.3) + np.cumsum(rng.normal(0, 0.5, vertices - 1))
        steps = np.column_stack([np.cos(heading), np.sin(heading)]) * 0.0035
        lines["path" if i % 5 == 0 else "unclassified"].append(LineString(np.vstack([start, start + np.cumsum(steps, axis=0)])))
    return gpd.GeoDataFrame({"road_class": list(lines)}, geometry=[MultiLineString(parts) for parts in lines.values()], crs="EPSG:4326")


def make_findings(mergers: tuple[str, ...], settlements: pd.Index) -> tuple[Finding, ...]:
    rows: list[Finding] = []
    for number, school_id in enumerate(mergers):
        rows.append(
            Finding(
                "travel",
                "pass" if number % 2 else "fail",
                school_id,
                Words("小学低年级单程最长38分钟，超过30分钟", "lower primary: the longest journey is 38 minutes, over 30 minutes")
                if number % 2 == 0
                else Words("小学低年级单程最长26分钟", "lower primary: the longest journey is 26 minutes"),
                Words("增设校车或保留低年级", "add a school bus, or keep the lower grades"),
                "国办发〔2018〕27号 [R2]",
                "R2",
                38.0 if number % 2 == 0 else 26.0,
                30.0,
                "min",
                tuple(settlements[:3]),
            )
        )
        rows.append(
            Finding(
                "hearing",
                "unknown",
                school_id,
                Words("没有听证会记录", "there is no record of a hearing"),
                Words("召开听证会并填入 evidence 表", "hold the hearing and record it in the evidence table"),
                "国办发〔2012〕48号 第三条 [R1]",
                "R1",
            )
        )
    rows.append(
        Finding(
            "beds",
            "pass",
            "plan",
            Words("新增床位60张，不超过上限", "60 new beds, within the limit"),
            Words("", ""),
            "assumption of this project [A]",
            "A",
            60.0,
            200.0,
            "beds",
        )
    )
    return tuple(rows)


def make_view(
    villages: int = 60,
    schools: int = 8,
    segments: int = 200,
    *,
    km: float = 26.0,
    seed: int = 7,
    hostile: bool = True,
    name: str = "merge-2027",
) -> RunView:
    """Return a run of `villages` villages; the small default has hostile names everywhere."""
    rng = np.random.default_rng(seed)
    settlements, sites = make_settlements(villages, km, rng, hostile=hostile), make_schools(schools, km, rng)
    trips = make_trips(settlements, sites)
    for when in ("today", "plan"):
        part = trips[trips["when"] == when].groupby("school_id")["pupils"].sum()
        sites[f"pupils_{when}"] = part.reindex(sites.index).fillna(0).astype(int)
    before, after = (sites[f"bands_{when}"].str.split(",").map(set) for when in ("today", "plan"))
    mergers = tuple(school for school in sites.index if (before[school] - after[school]) - {""})
    edge = gpd.GeoDataFrame(
        geometry=[box(_WEST - 0.01, _SOUTH - 0.01, _WEST + km * _DEGREES_KM + 0.01, _SOUTH + km * _DEGREES_KM * 0.9 + 0.01).buffer(0.02)],
        crs="EPSG:4326",
    )
    nasty = "{{7*7}}</title><script>window.__hacked=1</script>" if hostile else ""
    return RunView(
        name=name,
        title=Words(f"2027年布局方案{nasty}", f"2027 layout{nasty}"),
        year=2027,
        verdict="fail",
        settlements=settlements,
        schools=sites,
        trips=trips,
        roads=make_roads(segments, km, rng),
        boundary=edge,
        bands=BANDS,
        mergers=mergers,
        findings=make_findings(mergers, settlements.index),
        measures={"today": {}, "plan": {}},
        notes=(Note("no_dem", Words(f"没有高程，步行按平地计算{nasty}", f"no elevation: walks are timed as flat{nasty}"), 0),),
        sources=(Source("settlements", "villages.xlsx", "a" * 64, villages), Source("roads", "roads.osm.pbf", "b" * 64, segments)),
        norms_title=Words("中国农村义务教育（默认）", "China, rural compulsory education (default)"),
    )

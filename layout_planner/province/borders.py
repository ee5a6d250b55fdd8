"""Children across a border: roads of neighbours joined where they share a point, and free places offered to those still at risk.

Only places that a county's own plan leaves free are offered, so nothing is given twice. A host asks which of its neighbours' children
who are at risk could reach a school near the border within the norms, on foot, by public bus, or as a boarder; school buses stay in
their county, and so do seats of public buses that are told.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layout_planner.county.database import local_copies
from layout_planner.county.inputs import read_county
from layout_planner.county.model import RoadTable
from layout_planner.county.road_files import read_roads
from layout_planner.norms import read_scenario_norms
from layout_planner.travel.matrix import measure_net
from layout_planner.travel.net import build_net
from layout_planner.travel.options import commute_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from layout_planner.county.model import County
    from layout_planner.scenario import Scenario

DEGREES = "EPSG:4326"
SAME_PLACE = 1e-7  # degrees, about a centimetre
CROSSING_MODES = ("walk", "bus", "board")
OFFER_COLUMNS = (
    "host",  # county of the school
    "guest",  # county of the children
    "settlement_id",
    "band",
    "pupils",  # int, at risk at home
    "school_id",
    "mode",
    "seconds",  # float, one way
    "over_s",  # float, seconds over the limit at home; np.inf where there is no way
)


def join_roads(own: RoadTable, others: Sequence[RoadTable]) -> RoadTable:
    """Return the roads of neighbours as one table in the projection of `own`: one node for points of the same degrees.

    A road that both tables have is one road. Every table must already be in that projection.
    """
    tables = [own, *others]
    lonlat = np.vstack([table.node_lonlat for table in tables])
    cells = np.round(lonlat / SAME_PLACE).astype(np.int64)
    _, first, of = np.unique(cells, axis=0, return_index=True, return_inverse=True)
    of = of.ravel()
    shift = np.cumsum([0, *(len(table.node_xy) for table in tables)])
    parts = []
    for table, start in zip(tables, shift, strict=False):
        edges = table.edges.copy()
        edges["from_node"], edges["to_node"] = (of[edges[end].to_numpy() + start] for end in ("from_node", "to_node"))
        parts.append(edges)
    edges = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=own.edges.crs)
    low, high = np.minimum(edges["from_node"], edges["to_node"]), np.maximum(edges["from_node"], edges["to_node"])
    same = pd.DataFrame({"low": low, "high": high, "m": edges.geometry.length.round(1), "class": edges["road_class"]}).duplicated()
    xy = np.vstack([table.node_xy for table in tables])
    kept = edges[~same.to_numpy()].reset_index(drop=True)
    used, ends = np.unique(kept[["from_node", "to_node"]].to_numpy(), return_inverse=True)
    kept["from_node"], kept["to_node"] = ends.reshape(-1, 2).T
    return RoadTable(xy[first][used], lonlat[first][used], kept)


def _near_roads(scenario: Scenario, crs: str, around: shapely.Geometry) -> RoadTable:
    """Return the roads of a neighbour that touch `around`, in metres of `crs`."""
    with local_copies(scenario) as local:
        file = local.data.roads
        roads = read_roads(local.folder / local.data.dir / file.place, file.path, crs, layer=file.sheet, crs=file.crs)
    shapely.prepare(around)
    near = shapely.intersects(around, roads.edges.geometry.to_numpy())
    return replace(roads, edges=roads.edges[near].reset_index(drop=True))


def find_offers(
    host: tuple[str, Scenario, pd.DataFrame],
    guests: Sequence[tuple[str, Scenario, pd.DataFrame]],
    outline: gpd.GeoDataFrame,
    border_km: float,
) -> pd.DataFrame:
    """Return what the schools of `host` near the border could do for children of `guests`: OFFER_COLUMNS, several rows for one child.

    host : id, scenario, and its schools under its own plan (`free_seats`, `free_beds`, `bands`).
    guests : ids, scenarios, and the neighbours' children at risk: settlement_id, band, pupils, over_s, geometry in degrees.
    outline : the host's land.
    """
    host_id, scenario, sites = host
    county = read_county(scenario)
    near_m, land = 1000 * border_km, outline.to_crs(county.crs).geometry.union_all()
    schools = county.schools[county.schools.geometry.distance(land.boundary) <= near_m]
    sites = sites.set_index("school_id")
    schools = schools[
        (sites["free_seats"].reindex(schools.index) > 0).to_numpy() & (sites["bands"].reindex(schools.index) != "").to_numpy()
    ]
    homes, roads = [], []
    for guest_id, other, risk in guests:
        places = gpd.GeoDataFrame(risk, geometry="geometry", crs=DEGREES).to_crs(county.crs)
        places = places[places.geometry.distance(land) <= near_m]
        if len(places):
            homes.append(places.assign(guest=guest_id))
            roads.append(_near_roads(other, county.crs, land.buffer(2 * near_m)))
    if schools.empty or not homes:
        return pd.DataFrame({column: [] for column in OFFER_COLUMNS})
    children = pd.concat(homes, ignore_index=True)
    joined = replace(
        county, roads=join_roads(county.roads, roads), schools=schools, settlements=_as_settlements(children, county), bad_days=()
    )
    options = _options(joined, scenario, sites)
    return _as_offers(options, children, host_id)


def _as_settlements(children: pd.DataFrame, county: County) -> gpd.GeoDataFrame:
    """Return one point a settlement, named by county and id, since two counties may use the same ids."""
    named = children["guest"] + "/" + children["settlement_id"]
    table = gpd.GeoDataFrame({"name": named.to_numpy()}, geometry=children.geometry.to_numpy(), crs=county.crs)
    table.index = pd.Index(named.to_numpy(), name="settlement_id")
    return table[~table.index.duplicated()].sort_index()


def _options(county: County, scenario: Scenario, sites: pd.DataFrame) -> pd.DataFrame:
    norms = read_scenario_norms(scenario)
    travel = measure_net(build_net(county, norms, scenario.travel), county, scenario.travel)
    taught = {
        band: {str(j) for j, named in sites["bands"].items() if band in str(named).split(",") and j in county.schools.index}
        for band in scenario.bands
    }  # fmt: skip
    options = commute_options(travel, county.schools, taught, norms, scenario)
    # where seats are told, what the host's own pupils leave of them is not known here, and unknown room is no room
    told = travel.public is not None and travel.public.departures is not None
    modes = [mode for mode in CROSSING_MODES if mode != "bus" or not told]
    return options[options["within_norms"].astype(bool) & options["mode"].isin(modes)]


def _as_offers(options: pd.DataFrame, children: pd.DataFrame, host_id: str) -> pd.DataFrame:
    wanted = children.assign(key=children["guest"] + "/" + children["settlement_id"])
    found = options.rename(columns={"settlement_id": "key"}).merge(
        wanted[["key", "guest", "settlement_id", "band", "pupils", "over_s"]], on=["key", "band"], validate="many_to_one"
    )
    found = found.assign(host=host_id).sort_values(["guest", "settlement_id", "band", "seconds", "school_id", "mode"], ignore_index=True)
    return found[list(OFFER_COLUMNS)]


def grant_offers(offers: pd.DataFrame, free: Mapping[tuple[str, str], tuple[float, float]]) -> pd.DataFrame:
    """Return who goes where: the children furthest over their limit first, each to the quickest school with room.

    free : (host, school_id) -> free seats and free beds
    """
    left = {school: list(places) for school, places in free.items()}
    need: dict[tuple[str, str, str], int] = {}
    rows = []
    order = ["over_s", "guest", "settlement_id", "band", "seconds", "host", "school_id", "mode"]
    for offer in offers.sort_values(order, ascending=[False, *[True] * 7]).to_dict("records"):
        child = str(offer["guest"]), str(offer["settlement_id"]), str(offer["band"])
        seats, beds = left[str(offer["host"]), str(offer["school_id"])]
        room = min(seats, beds) if offer["mode"] == "board" else seats
        taken = int(min(need.setdefault(child, int(offer["pupils"])), room))
        if taken <= 0:
            continue
        need[child] -= taken
        left[str(offer["host"]), str(offer["school_id"])] = [seats - taken, beds - taken * (offer["mode"] == "board")]
        rows.append({**offer, "pupils": taken})
    return pd.DataFrame(rows, columns=list(OFFER_COLUMNS))


def neighbours(outlines: Mapping[str, gpd.GeoDataFrame], reach_km: float) -> dict[str, list[str]]:
    """Return for every county the ids of those whose land is within `reach_km` of its own, sorted."""
    ids = sorted(outlines)
    table = gpd.GeoDataFrame(pd.concat([outlines[key] for key in ids], ignore_index=True), crs=DEGREES)
    metric = table.to_crs(table.estimate_utm_crs())
    left, right = metric.sindex.query(metric.geometry, predicate="dwithin", distance=1000 * reach_km)
    found: dict[str, list[str]] = {key: [] for key in ids}
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        if a != b:
            found[ids[a]].append(ids[b])
    return {key: sorted(others) for key, others in found.items()}


def children_at_risk(trips: pd.DataFrame, settlements: gpd.GeoDataFrame, limits: Mapping[tuple[str, str], float]) -> gpd.GeoDataFrame:
    """Return the children at risk under a layout, one row a settlement and band, with how far over the limit and where they live.

    limits : (band, mode) -> seconds
    """
    hurt = trips[trips["cause"] != ""]
    most: NDArray[np.float64] = np.array([limits.get((b, m), np.inf) for b, m in zip(hurt["band"], hurt["mode"], strict=True)])
    over = np.where(np.isfinite(hurt["seconds"]), np.maximum(0.0, hurt["seconds"] - np.where(np.isfinite(most), most, 0.0)), np.inf)
    grouped = (
        hurt.assign(over_s=over).groupby(["settlement_id", "band"], as_index=False).agg(pupils=("pupils", "sum"), over_s=("over_s", "max"))
    )
    places = settlements.set_index("settlement_id").geometry
    return gpd.GeoDataFrame(grouped, geometry=places.reindex(grouped["settlement_id"]).to_numpy(), crs=DEGREES)

"""The flood of the demo county: where the river left its bed, drawn from a random generator of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Transformer
from scipy import ndimage

from layout_planner.demo.names import RIVER
from layout_planner.demo.terrain import EPSG, cell_xy

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.demo.terrain import Ints

FLOODS = 2024  # the generator's second number, so that nothing else of the county changes with it
REACH = (0.30, 0.42)  # the flooded stretch, as shares of the river's length; two of its bridges lie in it


def make_flood(seed: int, river: Ints) -> shapely.Polygon:
    """Return the flooded area in metres: the river's bed, 90 to 260 m wide to either side."""
    rng = np.random.Generator(np.random.PCG64([seed, FLOODS]))
    line = ndimage.gaussian_filter1d(cell_xy(river), 2.5, axis=0, mode="nearest")
    first, last = (int(share * len(line)) for share in REACH)
    wide = ndimage.gaussian_filter1d(rng.uniform(90.0, 260.0, last - first), 3.0)
    steps = zip(line[first : last - 1], line[first + 1 : last], wide, strict=False)
    area = shapely.union_all([shapely.LineString([a, b]).buffer(half) for a, b, half in steps])
    return shapely.simplify(area, 15.0)


def write_flood(path: Path, area: shapely.Polygon) -> None:
    """Write the flooded area as GeoJSON in degrees."""
    transformer = Transformer.from_crs(EPSG, 4326, always_xy=True)
    shape = shapely.transform(area, lambda xy: np.round(np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])), 5))
    about = {"name": "2024年6月30日洪水（虚构）", "name_en": "Flood of 30 June 2024 (fictitious)", "hazard": "flood", "date": "2024-06-30"}
    feature = {"type": "Feature", "properties": {**about, "river": RIVER}, "geometry": json.loads(shapely.to_geojson(shape))}
    text = json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")

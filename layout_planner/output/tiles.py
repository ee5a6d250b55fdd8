"""Online backgrounds, only where somebody asks for one: whose tiles, where they come from, in which datum, who is named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from layout_planner.errors import InputError, Problem
from layout_planner.words import Words

_KEY = re.compile(r"[A-Za-z0-9]{8,64}")


@dataclass(frozen=True)
class Tiles:
    """One background.

    urls         one address a layer, lowest first, with {s}, {x}, {y} and {z}
    subdomains   what {s} may be; "" where there is none
    hosts        what the page may fetch pictures from
    attribution  who is named on the map
    deepest      deepest zoom that is served
    shifted      True where the tiles are drawn in GCJ-02
    """

    urls: tuple[str, ...]
    subdomains: str
    hosts: tuple[str, ...]
    attribution: str
    deepest: int
    shifted: bool = False


OSM = Tiles(
    ("https://tile.openstreetmap.org/{z}/{x}/{y}.png",), "", ("https://tile.openstreetmap.org",), "© OpenStreetMap contributors (ODbL)", 19
)
AMAP = Tiles(
    ("https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}",),
    "1234",
    ("https://*.is.autonavi.com",),
    "© 高德地图 AMap",
    18,
    shifted=True,
)
PROVIDERS = ("osm", "tianditu", "amap")


def choose_tiles(provider: str, key: str) -> Tiles:
    """Return the background of `provider`, one of PROVIDERS; 天地图 wants the user's own `key`, the others none.

    Raises
    ------
    InputError : the key is missing or is none.
    """
    if provider != "tianditu":
        return OSM if provider == "osm" else AMAP
    if not _KEY.fullmatch(key):
        what = Words("天地图需要密钥（tk）", "Tianditu wants a key (tk)")
        hint = Words("在天地图网站申请后用 --key 给出", "apply for one at its site and pass it as --key")
        raise InputError([Problem("--key", what, hint, value=key or None)])
    address = "https://t{s}.tianditu.gov.cn/DataServer?T=%s&x={x}&y={y}&l={z}&tk=" + key
    return Tiles((address % "vec_w", address % "cva_w"), "01234567", ("https://*.tianditu.gov.cn",), "© 天地图 Tianditu", 18)


def encode_tiles(tiles: Tiles | None) -> dict[str, Any] | None:
    """Return what the page needs of a background."""
    if tiles is None:
        return None
    return {
        "urls": list(tiles.urls),
        "subdomains": tiles.subdomains,
        "attribution": tiles.attribution,
        "deepest": tiles.deepest,
        "shifted": tiles.shifted,
    }

"""Turn a page into one file that asks the network for nothing, and write it whole or not at all."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from layout_planner.errors import OutputError
from layout_planner.whole import whole_file
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Collection
    from importlib.resources.abc import Traversable

LEAFLET = "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/"
OWN = "asset:"
_SCRIPT = re.compile(r'<script src="([^"]*)"></script>')
_STYLE = re.compile(r'<link rel="stylesheet" href="([^"]*)"\s*/?>')
_REFERENCE = re.compile(r"""<\w[^<>]*?\s(?:src|href|action|poster|data)=["']?([^"'\s>]+)""", re.IGNORECASE)
_CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)""")
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:{pictures}; "
    "connect-src 'none'; base-uri 'none'; form-action 'none'"
)
LEAFLET_SHA256 = {  # as published with Leaflet 1.9.3
    "leaflet.js": "5819285cec137b229c94e1ee5ad73e8b6b84345a4367d60f75fe477fe0fb7b03",
    "leaflet.css": "90b693d86392a4779c861b28cf307e7e59c3fb35328c4d8b95f58f814d38c722",
    "images/layers.png": "1dbbe9d028e292f36fcba8f8b3a28d5e8932754fc2215b9ac69e4cdecf5107c6",
    "images/layers-2x.png": "066daca850d8ffbef007af00b06eac0015728dee279c51f3cb6c716df7c42edf",
    "images/marker-icon.png": "574c3a5cca85f4114085b6841596d62f00d7c892c7b03f28cbfa301deb1dc437",
}


def find_leaflet() -> Path:
    """Return the folder of the Leaflet files that XStatic-Leaflet installs, without importing its namespace package.

    Raises
    ------
    OutputError : the package is not installed.
    """
    spec = importlib.util.find_spec("xstatic")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        found = Path(folder) / "pkg" / "leaflet" / "data"
        if (found / "leaflet.js").is_file():
            return found
    raise OutputError(
        Words(
            "缺少 XStatic-Leaflet，地图无法离线生成：pip install XStatic-Leaflet==1.9.3.0",
            "XStatic-Leaflet is missing, so no offline map can be made: pip install XStatic-Leaflet==1.9.3.0",
        )
    )


def read_asset(name: str) -> str:
    """Return the text of one of this package's own assets."""
    return (resources.files("layout_planner.output") / "assets" / name).read_text(encoding="utf-8")


def seal_page(html: str, links: Collection[str] = (), *, pictures_from: Collection[str] = ()) -> str:
    """Return `html` with every script and style inlined and a policy that runs only these scripts.

    links : files beside the page that it may lead to.
    pictures_from : hosts of pictures that the page may fetch; none unless somebody asked for an online background.

    Raises
    ------
    OutputError : the page refers to something that is not on disk, or Leaflet is not the published one.
    """
    _refuse_unknown(html, set(links))
    html = _SCRIPT.sub(lambda found: f"<script>{_inline_script(_locate(found[1]))}</script>", html)
    html = _STYLE.sub(lambda found: f"<style>{_inline_style(_locate(found[1]))}</style>", html)
    hashes = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in _INLINE.findall(html)}
    scripts = " ".join(f"'sha256-{value}'" for value in sorted(hashes)) or "'none'"
    policy = _POLICY.format(scripts=scripts, pictures="".join(f" {host}" for host in pictures_from))
    return html.replace("<head>", f'<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">', 1)


def write_atomically(path: Path, text: str) -> None:
    """Write `text` beside `path`, flush it to the disk and rename it, so that no reader ever sees half a file.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    with whole_file(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def _refuse_unknown(html: str, links: set[str]) -> None:
    for reference in _REFERENCE.findall(html):
        if reference not in links and not reference.startswith(("data:", "#", OWN, LEAFLET)):
            raise OutputError(Words(f"页面引用了外部文件：{reference}", f"the page refers to something outside itself: {reference}"))


def _locate(url: str) -> Traversable | Path:
    if url.startswith(OWN):
        found: Traversable | Path = resources.files("layout_planner.output") / "assets" / url.removeprefix(OWN)
    else:
        found = find_leaflet() / url.removeprefix(LEAFLET)
    if not found.is_file():
        raise OutputError(Words(f"页面引用的文件不在本机：{url}", f"the page refers to a file that is not here: {url}"))
    if url.startswith(LEAFLET):
        _refuse_altered(url.removeprefix(LEAFLET), found.read_bytes())
    return found


def _refuse_altered(name: str, content: bytes) -> None:
    """Refuse a file of Leaflet that is not the one that was published."""
    if hashlib.sha256(content).hexdigest() != LEAFLET_SHA256.get(name):
        raise OutputError(
            Words(
                f"Leaflet 的文件 {name} 与发布版不一致，请重新安装 XStatic-Leaflet==1.9.3.0",
                f"Leaflet's file {name} is not the published one: install XStatic-Leaflet==1.9.3.0 again",
            )
        )


def _inline_script(file: Traversable | Path) -> str:
    text = re.sub(r"//# sourceMappingURL=.*", "", file.read_text(encoding="utf-8").replace("\r\n", "\n"))
    if file.name == "leaflet.js":
        text = f"/*! {read_asset('licences/leaflet.txt')}*/\n{text}"  # its licence asks to travel with every copy
    return re.sub(r"<(/script|!--)", r"<\\\1", text, flags=re.IGNORECASE)


def _inline_style(file: Traversable | Path) -> str:
    def embed(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith(("data:", "#")):
            return found[0]
        image = file.parent / name if isinstance(file, Path) else None
        if image is None or not image.is_file():
            raise OutputError(Words(f"样式引用的文件不在本机：{name}", f"a style refers to a file that is not here: {name}"))
        _refuse_altered(name, image.read_bytes())
        return f"url(data:image/png;base64,{base64.b64encode(image.read_bytes()).decode()})"

    return _CSS_URL.sub(embed, file.read_text(encoding="utf-8").replace("\r\n", "\n"))

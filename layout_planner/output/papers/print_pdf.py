"""Pages to PDF, by WeasyPrint where it is installed, else by a browser of this machine; never with letters that no font can draw."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layout_planner.errors import OutputError
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge", "microsoft-edge")
WINDOWS_BROWSERS = (
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
    "C:/Program Files/Microsoft/Edge/Application/msedge.exe",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
)
PROBE = "学校布局"  # letters that every Chinese font has
PRINT_SECONDS = 180
NO_PRINTER = Words(
    "没有写 PDF：本机没有 WeasyPrint（pip install 'layout-planner[papers]'），也没有找到 Chromium、Chrome 或 Edge",
    "no PDF was written: neither WeasyPrint (pip install 'layout-planner[papers]') nor Chromium, Chrome or Edge is on this machine",
)
NO_FONT = Words(
    "没有写 PDF：本机没有中文字体，汉字会变成方框。请安装一种后重试（Debian、Ubuntu：apt install fonts-noto-cjk；Windows 自带微软雅黑）；"
    "网页版不受影响",
    "no PDF was written: no font on this machine can write Chinese, so every name would print as a box. Install one "
    "(Debian, Ubuntu: apt install fonts-noto-cjk; Windows has Microsoft YaHei) and try again; the web pages are not affected",
)
_TEXT = re.compile(r">([^<]+)<")


class NoPdfError(OutputError):
    """No PDF can be made here; what was written otherwise stays."""


def choose_printer() -> Callable[[str], bytes]:
    """Return what turns a page into a PDF on this machine.

    Raises
    ------
    NoPdfError : there is nothing that could, or no font that can write Chinese.
    """
    if not all(ord(letter) in drawable() for letter in PROBE):
        raise NoPdfError(NO_FONT)
    try:
        import weasyprint
    except (ImportError, OSError):  # OSError: its libraries are missing
        browser = find_browser()
        if browser is None:
            raise NoPdfError(NO_PRINTER) from None
        return lambda html: _print_by_browser(html, browser)
    return lambda html: _print_by_weasyprint(html, weasyprint)


def find_browser() -> str | None:
    """Return a browser of this machine that prints without a window, or None."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    return found or next((path for path in WINDOWS_BROWSERS if Path(path).is_file()), None)


@cache
def drawable() -> frozenset[int]:
    """Return the letters that some font of this machine can draw."""
    from fontTools.ttLib import TTFont
    from matplotlib.font_manager import findSystemFonts

    letters: set[int] = set()
    for path in sorted(findSystemFonts()):
        try:
            with TTFont(path, fontNumber=0, lazy=True) as font:  # the faces of a collection draw the same letters
                letters.update(font.getBestCmap() or {})
        except Exception:  # noqa: BLE001, S112 - a broken font file of this machine draws nothing
            continue
    return frozenset(letters)


def spell_undrawable(html: str) -> tuple[str, list[str]]:
    """Return the page with every letter that no font can draw written as its code, such as [U+1F3EB], and the list of these letters."""
    known = drawable()
    missing: set[str] = set()

    def spell(found: re.Match[str]) -> str:
        text = unescape(found[1])
        lacking = {letter for letter in text if ord(letter) not in known and not _draws_nothing(letter)}
        if not lacking:
            return found[0]
        missing.update(lacking)
        return f">{escape(''.join(f'[U+{ord(letter):04X}]' if letter in lacking else letter for letter in text))}<"

    head, body, rest = html.partition("<body>")
    return head + body + _TEXT.sub(spell, rest), sorted(missing)


def _draws_nothing(letter: str) -> bool:
    """Return whether a letter has no picture of its own: spaces, marks of direction, joiners, variants."""
    import unicodedata

    return unicodedata.category(letter) in {"Zs", "Zl", "Zp", "Cc", "Cf", "Mn"}


def _print_by_weasyprint(html: str, weasyprint: Any) -> bytes:  # noqa: ANN401 - an optional library
    nothing_outside = weasyprint.urls.URLFetcher(allowed_protocols={"data"}, fail_on_errors=True)
    document = weasyprint.HTML(string=html, url_fetcher=nothing_outside)
    pdf: bytes = document.write_pdf(pdf_identifier=b"layout_planner", full_fonts=False)
    return pdf


def _print_by_browser(html: str, browser: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        page, out = Path(folder) / "page.html", Path(folder) / "page.pdf"
        page.write_text(html, encoding="utf-8")
        command = [browser, "--headless", "--disable-gpu", "--no-sandbox", "--no-pdf-header-footer", f"--user-data-dir={folder}/profile",
                   f"--print-to-pdf={out}", page.as_uri()]  # fmt: skip
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=PRINT_SECONDS)
            return out.read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            raise NoPdfError(Words(f"浏览器没有写出 PDF：{error}", f"the browser wrote no PDF: {error}")) from error

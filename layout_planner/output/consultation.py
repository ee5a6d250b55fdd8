"""The page on which a village finds out what a plan means for its children, and answers. One file, no network, no small counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.errors import OutputError
from layout_planner.output.consult_data import encode_consultation, read_notice
from layout_planner.output.maps import write_folium_page
from layout_planner.output.public import public_view
from layout_planner.output.run_view import read_view
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.output.consult_data import Notice
    from layout_planner.output.view import RunView
    from layout_planner.words import Lang


def write_consultation(run: Path, out: Path, lang: Lang, *, least: int, office: str = "", until: str = "") -> Path:
    """Write `consult.html` of the run stored in `run` into `out`/<run> and return its path.

    Parameters
    ----------
    least : smallest count that is shown.
    office, until : where and until which ISO date comments are handed in; "" leaves a blank line.

    Raises
    ------
    InputError : the folder holds no complete run. OutputError : the place cannot be written, or holds a run.
    """
    view = read_view(run)
    notice = read_notice(run, office=office, until=until, least=least)
    folder = out / view.name
    if (folder / "run.json").exists():
        raise OutputError(Words(f"{folder} 是内部运行结果，请换一个 --out", f"{folder} holds an internal run: choose another --out"))
    path = folder / "consult.html"
    write_consult_page(view, notice, path, lang)
    return path


def write_consult_page(view: RunView, notice: Notice, path: Path, lang: Lang) -> None:
    """Write the page of `view`, of which only what `public_view` lets through is used.

    Raises
    ------
    OutputError : the folder cannot be written.
    """
    data = encode_consultation(public_view(view, notice.least), notice, lang)
    write_folium_page("consult.html", data, view.title, path, lang)

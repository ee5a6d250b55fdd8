"""Charts as picture files that are the same bytes for the same figures."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from layout_planner.output.report import find_cjk_font

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from layout_planner.words import Lang

DOTS_PER_INCH = 110


def save_png(draw: Callable[[Figure, Lang], None], lang: Lang) -> bytes:
    """Return the chart that `draw` makes as a PNG; in English where no font can write Chinese."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    font = find_cjk_font()
    settings = {
        "font.family": [font, "DejaVu Sans"] if font else ["DejaVu Sans"],
        "axes.unicode_minus": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "text.parse_math": False,
    }
    with mpl.rc_context(settings):
        figure = Figure(layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure, lang if font else "en")
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return file.getvalue()


def as_uri(picture: bytes) -> str:
    """Return a PNG or SVG as a data URI."""
    kind = "png" if picture.startswith(b"\x89PNG") else "svg+xml"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"

"""Text in a terminal table that breaks between Chinese characters but never inside a number or a word.

Rich breaks at spaces, of which a Chinese sentence has none, and folds it wherever the column ends: 40.9 minutes then read as 4 and 0.9.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.containers import Lines
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod, OverflowMethod

# what stays together: opening marks, a run of letters and figures or one character, closing marks, spaces
PART = re.compile(r"[（“‘《]*(?:[!-~–−]+|[^\s])[，。；：、）”’》！？]*\s*|\s+")


class BreakableText(Text):
    """Rich text that wraps by the parts of PART; what is wider than a line is folded, and nothing is cut away."""

    def wrap(
        self,
        console: Console,
        width: int,
        *,
        justify: JustifyMethod | None = None,
        overflow: OverflowMethod | None = None,  # noqa: ARG002 - as rich calls it
        tab_size: int = 8,
        no_wrap: bool | None = None,
    ) -> Lines:
        """Return the lines of the text, each at most `width` cells."""
        lines = Lines()
        for line in self.split(allow_blank=True):
            parts = line.divide(find_breaks(line.plain, width))
            for part in parts:
                part.rstrip()
                lines.extend(Text.wrap(part, console, width, justify=justify, overflow="fold", tab_size=tab_size, no_wrap=no_wrap))
        return lines


def find_breaks(text: str, width: int) -> list[int]:
    """Return where lines of at most `width` cells begin, but for the first; a part that is wider than a line stays whole."""
    breaks, filled = [], 0
    for match in PART.finditer(text):
        wide = cell_len(match[0].rstrip())
        if filled and filled + wide > width:
            breaks.append(match.start())
            filled = 0
        filled += cell_len(match[0])
    return breaks

"""Lines as one short string: steps between points as whole numbers of seven bits a byte, in base64. A page unpacks them in one pass."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SEVEN_BITS = 7
MORE = 0x80
LOW = 0x7F


def pack_lines(lines: Iterable[Sequence[int]]) -> str:
    """Return `lines`, each [x, y, dx, dy, ...], as one string: how many numbers a line holds, then the numbers, sign in the last bit."""
    numbers: list[int] = []
    for line in lines:
        steps = np.asarray(line, dtype=np.int64)
        numbers.append(len(steps))
        numbers += ((steps << 1) ^ (steps >> 63)).tolist()
    return base64.b64encode(_seven_bits(np.asarray(numbers, dtype=np.uint64))).decode("ascii")


def _seven_bits(numbers: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> bytes:
    """Return the numbers seven bits a byte, the lowest first; the top bit says that more follow."""
    if not len(numbers):
        return b""
    widths = np.ones(len(numbers), dtype=np.int64)
    rest = numbers >> SEVEN_BITS
    while rest.any():
        widths += rest > 0
        rest >>= SEVEN_BITS
    begins = np.cumsum(widths) - widths
    out = np.zeros(int(widths.sum()), dtype=np.uint8)
    for place in range(int(widths.max())):
        here = widths > place
        bits = (numbers[here] >> (SEVEN_BITS * place)) & LOW
        out[begins[here] + place] = (bits | np.where(widths[here] > place + 1, MORE, 0).astype(np.uint64)).astype(np.uint8)
    return out.tobytes()


def unpack_lines(text: str) -> list[list[int]]:
    """Return what `pack_lines` packed."""
    numbers, value, shift = [], 0, 0
    for byte in base64.b64decode(text):
        value |= (byte & LOW) << shift
        shift += SEVEN_BITS
        if not byte & MORE:
            numbers.append(value)
            value, shift = 0, 0
    lines, at = [], 0
    while at < len(numbers):
        end = at + 1 + numbers[at]
        lines.append([(number >> 1) ^ -(number & 1) for number in numbers[at + 1 : end]])
        at = end
    return lines

"""The clock of searches: a time limit, and Ctrl-C as the limit that comes early.

The first Ctrl-C in a search that is `interruptible` puts its clock past every deadline that was set, and from then on the clock runs
HURRY times as fast: what is under way ends with the best found, what must still follow (whole pupils, the years to come) is done in
little time. The second one is Ctrl-C as Python knows it.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

HURRY = 30.0
PAST_ALL_S = 1e9


@dataclass
class _CtrlC:
    """How often Ctrl-C was pressed in the search that is on, when first, and whether an exception has to wait."""

    presses: int = 0
    first: float = 0.0
    held: bool = False
    tell: Callable[[], None] | None = None


_ctrl_c = _CtrlC()


def now() -> float:
    """Return the time by the clock of searches, seconds."""
    real = time.monotonic()
    return real if not _ctrl_c.presses else _ctrl_c.first + PAST_ALL_S + HURRY * (real - _ctrl_c.first)


def seconds_until(deadline: float) -> float:
    """Return how many seconds are left until `deadline` of the clock of searches; negative where it is past."""
    left = deadline - now()
    return left / HURRY if _ctrl_c.presses else left


@dataclass(frozen=True)
class Clock:
    """When a search began, by the clock of searches and in truth, and how long it may take."""

    began: float
    began_in_truth: float
    limit_s: float

    @classmethod
    def start(cls, limit_s: float) -> Clock:
        """Return the clock of a search that begins now."""
        return cls(now(), time.monotonic(), limit_s)

    def at(self, share: float) -> float:
        """Return the moment at which `share` of the time limit is used up."""
        return self.began + share * self.limit_s

    def left_s(self) -> float:
        """Return how much of the limit is left."""
        return self.at(1.0) - now()

    def seconds(self) -> float:
        """Return how long the search has gone on."""
        return time.monotonic() - self.began_in_truth


def presses() -> int:
    """Return how often Ctrl-C was pressed in the search that is on."""
    return _ctrl_c.presses


def is_interrupted() -> bool:
    """Return whether Ctrl-C has ended the search that is on."""
    return _ctrl_c.presses > 0


@contextlib.contextmanager
def interruptible(tell: Callable[[], None] | None = None) -> Iterator[None]:
    """Let the first Ctrl-C end the search within by its clock.

    Nothing changes within another such search, outside the main thread (Python hears no signals there), and where somebody else has
    taken Ctrl-C for himself.

    tell : called once, in a thread of its own, when it is pressed
    """
    if not _is_main() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    _ctrl_c.tell = tell
    signal.signal(signal.SIGINT, _press)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _ctrl_c.presses, _ctrl_c.tell = 0, None


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Keep exceptions of Ctrl-C out of the code within, and raise them after it; `presses` tells of it meanwhile."""
    if not _is_main():
        yield
        _raise_second()
        return
    before = signal.getsignal(signal.SIGINT)
    alone = before is not _press
    if alone and not callable(before):
        yield
        return
    if alone:
        signal.signal(signal.SIGINT, _press)
    _ctrl_c.held = True
    try:
        yield
    finally:
        _ctrl_c.held = False
        if alone:
            signal.signal(signal.SIGINT, before)
            pressed, _ctrl_c.presses = _ctrl_c.presses, 0
    if not alone:
        _raise_second()
    elif pressed and callable(before):
        before(signal.SIGINT, None)


def _press(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signals call it
    _ctrl_c.presses += 1
    if _ctrl_c.presses == 1:
        _ctrl_c.first = time.monotonic()
        if _ctrl_c.tell is not None:
            threading.Thread(target=_ctrl_c.tell, daemon=True).start()  # whoever is interrupted may hold what telling needs
    elif not _ctrl_c.held:
        raise KeyboardInterrupt


def _raise_second() -> None:
    if _ctrl_c.presses > 1:
        raise KeyboardInterrupt


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()

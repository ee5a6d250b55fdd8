"""The subgradient loop that every Lagrangian bound of this program shares.

Hard rows of a minimisation go into the goal at prices; what is left falls apart and is solved exactly, so that its value is a bound from
below at whatever prices. `maximise_dual` looks for the prices of the best bound.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Answer:
    """What the relaxed problem says at some prices.

    value : its least value, a bound from below; the caller rounds down where its arithmetic is not exact
    slope : a supergradient of that value, of the shape of the prices: right side less left side of every relaxed row
    shares : its solution, or whatever part of it the caller wants averaged over the steps; None where that is not needed
    """

    value: float
    slope: Floats
    shares: Floats | None = None


@dataclass(frozen=True)
class Pace:
    """How the prices walk.

    steps : steps at most
    factor : share of the Polyak step `factor * (target - value) / |direction|^2` that is gone at first
    patience : steps without a clearly better bound before the factor shrinks
    shrink : what the factor is multiplied with then
    least_factor : the walk ends below it
    memory : weight of the last direction in the next one (Crowder 1976; 0 is the plain subgradient)
    clear : share of the bound by which a bound is clearly better
    blend : weight of the newest shares in their mean
    repair_every : steps between two calls of `repair`; it is called at the first and the last step too
    deadline : `time.monotonic()` at which the walk ends; the call of `ask` under way then is finished
    """

    steps: int = 600
    factor: float = 1.5
    patience: int = 10
    shrink: float = 0.7
    least_factor: float = 1e-3
    memory: float = 0.5
    clear: float = 1e-5
    blend: float = 0.1
    repair_every: int = 20
    deadline: float = np.inf


@dataclass(frozen=True)
class DualRun:
    """The best bound found, and how.

    bound : the best value of the relaxed problem; -inf where not even the first step was done
    value : of the best plan known, as `value` and `repair` gave it; inf where there is none
    prices : where `bound` was reached
    answer : what the relaxed problem said there; None where not even the first step was done
    shares : mean of `Answer.shares` over the steps, the newest weighing most: near a solution of the relaxation over shares
    steps, seconds : length of the walk
    ended : "gap", "flat" (the bound is the best there is), "factor", "steps", "time" or "interrupted"
    trace : (seconds, bound, value) at every better bound or value
    """

    bound: float
    value: float
    prices: Floats
    answer: Answer | None
    shares: Floats | None
    steps: int
    seconds: float
    ended: str
    trace: tuple[tuple[float, float, float], ...]

    @property
    def gap(self) -> float:
        """Value less bound, as a share of the value."""
        return relative_gap(self.value, self.bound)


def relative_gap(value: float, bound: float) -> float:
    """Return (value - bound) / |value|, never below 0; inf where either is missing."""
    if not (np.isfinite(value) and np.isfinite(bound)):
        return np.inf
    return max(0.0, value - bound) / max(abs(value), np.finfo(float).tiny) if value > bound else 0.0


def maximise_dual(
    ask: Callable[[Floats], Answer],
    start: Floats,
    *,
    value: float = np.inf,
    repair: Callable[[Answer, Floats], float] | None = None,
    box: tuple[Floats | float, Floats | float] = (-np.inf, np.inf),
    stop_at: float | Callable[[float], float] | None = None,
    pace: Pace = Pace(),
) -> DualRun:
    """Maximise the concave, piecewise linear bound that `ask` gives over the prices of the relaxed rows.

    Polyak steps towards the best value known along a deflected supergradient, the step shrinking where the bound stays (Held, Wolfe and
    Crowder 1974; Camerini, Fratta and Maffioli 1975). Deterministic: no random number is drawn.

    Parameters
    ----------
    ask : relaxed problem at prices of the shape of `start`
    start : first prices
    value : value of the best plan known already
    repair : makes a plan of a relaxed solution (and its prices) and returns the value of the best plan known to it
    box : least and greatest prices, numbers or arrays of the shape of `start`: (0, inf) for rows `left >= right`, (-inf, 0) for `<=`
    stop_at : bound at which the walk ends, a number or what it is for a known value; None: at the value itself
    pace : how the prices walk, and until when

    Ctrl-C ends the walk and gives what is known; `ended` says so.

    Raises
    ------
    ValueError : `start` is not finite, or lies outside `box`.
    """
    if not np.isfinite(start).all():
        raise ValueError("start: prices must be finite")
    if not ((start >= box[0]) & (start <= box[1])).all():
        raise ValueError("start: prices must lie within box")
    walk = _Walk(ask, repair, box, pace, np.array(start, dtype=float), value)
    goal = stop_at if callable(stop_at) else (lambda known: known if stop_at is None else stop_at)
    ended = "steps"
    try:
        while walk.steps < pace.steps:
            ended = walk.step(goal) or ended
            if ended != "steps":
                break
            if not time.monotonic() < pace.deadline:
                ended = "time"
                break
    except KeyboardInterrupt:
        ended = "interrupted"
    return walk.finish(ended)


class _Walk:
    """Prices on their way, and the best that was seen."""

    def __init__(
        self,
        ask: Callable[[Floats], Answer],
        repair: Callable[[Answer, Floats], float] | None,
        box: tuple[Floats | float, Floats | float],
        pace: Pace,
        prices: Floats,
        value: float,
    ) -> None:
        self._ask, self._repair, self._box, self._pace = ask, repair, box, pace
        self._prices, self._value = prices, value
        self._bound, self._best = -np.inf, prices
        self._answer: Answer | None = None
        self._direction: Floats | None = None
        self._shares: Floats | None = None
        self._factor, self._waited = pace.factor, 0
        self._started = time.monotonic()
        self._trace: list[tuple[float, float, float]] = []
        self.steps = 0

    def step(self, goal: Callable[[float], float]) -> str:
        """Ask at the prices and move them; return why the walk ends, or nothing."""
        prices = self._prices
        answer = self._ask(prices)
        self.steps += 1
        better = self._note(answer, prices)
        if self._repair is not None and self.steps % self._pace.repair_every == 1 % self._pace.repair_every:
            self._mend(answer, prices)
        if self._bound >= goal(self._value):
            return "gap"
        self._waited = 0 if better else self._waited + 1
        if self._waited >= self._pace.patience:
            self._factor, self._waited = self._factor * self._pace.shrink, 0
            if self._factor < self._pace.least_factor:
                return "factor"
        return self._move(answer)

    def finish(self, ended: str) -> DualRun:
        """Return what was found, after a last repair at the best prices."""
        if self._repair is not None and self._answer is not None and ended not in {"gap", "interrupted"}:
            self._mend(self._answer, self._best)
        seconds = time.monotonic() - self._started
        return DualRun(self._bound, self._value, self._best, self._answer, self._shares, self.steps, seconds, ended, tuple(self._trace))

    def _note(self, answer: Answer, prices: Floats) -> bool:
        """Keep the best answer; return True where the bound is clearly better."""
        if answer.shares is not None:
            fresh = self._pace.blend
            self._shares = answer.shares.astype(float) if self._shares is None else fresh * answer.shares + (1 - fresh) * self._shares
        if not answer.value > self._bound:
            return False
        clearly = not np.isfinite(self._bound) or answer.value > self._bound + self._pace.clear * abs(self._bound)
        self._bound, self._best, self._answer = answer.value, prices, answer
        self._mark()
        return clearly

    def _mend(self, answer: Answer, prices: Floats) -> None:
        assert self._repair is not None  # noqa: S101 - asked by the callers
        value = self._repair(answer, prices)
        if value < self._value:
            self._value = value
            self._mark()

    def _mark(self) -> None:
        self._trace.append((time.monotonic() - self._started, self._bound, self._value))

    def _move(self, answer: Answer) -> str:
        low, high = self._box
        slope = np.where((self._prices <= low) & (answer.slope < 0) | (self._prices >= high) & (answer.slope > 0), 0.0, answer.slope)
        if not slope.any():
            return "flat"
        direction = slope if self._direction is None else slope + self._pace.memory * self._direction
        length, plain = (float(np.vdot(way, way)) for way in (direction, slope))
        if not length >= LEAST_LEFT * plain:
            direction, length = slope, plain
        self._direction = direction
        reach = max(self._target() - answer.value, 0.0)
        self._prices = np.clip(self._prices + self._factor * reach / length * direction, low, high)
        return ""

    def _target(self) -> float:
        """Return where the bound is hoped to get: the value of the best plan, or somewhat above the bound where there is none."""
        if np.isfinite(self._value):
            return self._value
        return self._bound + UNKNOWN * max(abs(self._bound), 1.0)


LEAST_LEFT = 0.01  # of a slope's squared length; where memory cancels more of it, the step along the rest would lead out of all measure
UNKNOWN = 0.05  # of the bound: how far off the best plan is taken to be while none is known

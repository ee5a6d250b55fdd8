"""Branch and bound with Lagrangian bounds: the part with the lowest bound is taken on first."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.location.lagrange import Answer, DualRun, Pace, maximise_dual
from layout_planner.location.relaxed import Relaxed, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from layout_planner.location.plans import Plans
    from layout_planner.location.question import Question

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Repair = Callable[[Relaxed, Answer, Floats], float]
    Serve = Callable[["Part"], tuple[float, str]]  # a part with its sites decided -> its bound, why it ended early or nothing


@dataclass(order=True)
class Part:
    """Sites that are open, sites that may be, a bound for that part, and prices to begin with; the rest is closed.

    shares : how much of the time each free site was open in the relaxed question; None before it is asked
    """

    bound: float
    number: int
    forced: Ints = field(compare=False)
    free: Ints = field(compare=False)
    prices: Floats = field(compare=False)
    shares: Floats | None = field(default=None, compare=False)


class Tree:
    """Splits the question by sites until every part is decided or no better than the best plan.

    ended : "" while all goes on, else "time" or "interrupted"
    parts, steps : bounded parts, and steps of their walks
    """

    def __init__(self, question: Question, plans: Plans, steps: tuple[Repair, Serve], *, gap: float, deadline: float) -> None:
        self._question, self._plans, (self._repair, self._serve) = question, plans, steps
        self._gap, self._deadline = gap, deadline
        self._settled = np.inf  # least bound of the parts done with
        self._queue: list[Part] = []
        self._at_hand: Part | None = None
        self._made = 0
        self.parts = self.steps = 0
        self.ended = ""

    def grow(self, root: Part, pace: Pace) -> None:
        """Search what `narrow` left of the question until all is proven or time is up."""
        self._split(root)
        while self._queue and not self.ended:
            if self._queue[0].bound >= self.aim():
                break
            left = self.narrow(heapq.heappop(self._queue), pace)
            if left is not None and not self.ended:
                self._split(left)
            elif left is not None:
                self.keep(left)

    def keep(self, part: Part) -> None:
        """Leave `part` as it is: its bound counts."""
        self._made += 1
        part.number = -self._made  # of equal bounds the newest first
        heapq.heappush(self._queue, part)
        if part is self._at_hand:
            self._at_hand = None

    def close(self, bound: float) -> None:
        """Count what `narrow` left as done: it was searched by other means, and has no plan below `bound`."""
        self._settled, self._at_hand = min(self._settled, bound), None

    def aim(self) -> float:
        """Return the bound at which a part holds nothing better than the best plan."""
        return self._aim(self._plans.value)

    def bound(self) -> float:
        """Return below which no plan is."""
        open_ = [*self._queue, self._at_hand] if self._at_hand else self._queue
        return self._question.round_bound(min([self._settled, self._plans.value, *(part.bound for part in open_)]))

    def _aim(self, value: float) -> float:
        return self._question.proven_at(value, self._gap)

    def narrow(self, part: Part, pace: Pace) -> Part | None:
        """Bound `part`, decide what sites the bound decides and return what is left; None where nothing better can be in it.

        What is left is to be kept, closed or split; until then its bound counts, wherever Ctrl-C may come.
        """
        self._at_hand = part
        self._at_hand = self._narrow(part, pace)
        return self._at_hand

    def _narrow(self, part: Part, pace: Pace) -> Part | None:
        relaxed = Relaxed(self._question, part.forced, part.free)
        if not relaxed.possible:
            return None
        if not relaxed.undecided:
            return self._decide(relaxed.decided(), part)
        self.parts += 1
        run = self._walk(relaxed, part, pace)
        bound = max(part.bound, run.bound)
        if bound >= self.aim():
            self._settled = min(self._settled, bound)
            return None
        if run.ended in {"interrupted", "time"}:
            self.ended = run.ended
        if run.answer is None or run.shares is None:
            return part
        return self._settle(relaxed, run, bound)

    def _walk(self, relaxed: Relaxed, part: Part, pace: Pace) -> DualRun:
        run = maximise_dual(
            relaxed.ask,
            part.prices,
            value=self._plans.value,
            repair=lambda answer, prices: self._repair(relaxed, answer, prices),
            stop_at=self._aim,
            pace=replace(pace, deadline=self._deadline),
        )
        self.steps += run.steps
        return run

    def _settle(self, relaxed: Relaxed, run: DualRun, bound: float) -> Part | None:
        closed, opened, others = settle(relaxed, relaxed.price(run.prices), self.aim())
        self._settled = min(self._settled, others)
        rest = ~(closed | opened)
        forced, free = np.concatenate([relaxed.forced, relaxed.free[opened]]), relaxed.free[rest]
        narrowed = Relaxed(self._question, forced, free) if closed.any() or opened.any() else relaxed
        if not narrowed.possible:
            return None
        assert run.shares is not None  # noqa: S101 - asked by the caller
        left = Part(bound, 0, forced, free, run.prices, run.shares[rest])
        return left if narrowed.undecided else self._decide(narrowed.decided(), left)

    def _split(self, part: Part) -> None:
        """Put two parts in the place of one: with the site that was open most of the time open, and closed."""
        assert part.shares is not None  # noqa: S101 - a part that was bounded has them
        at = int(part.shares.argmax())
        others = np.delete(part.free, at)
        for forced in (part.forced, np.append(part.forced, part.free[at])):
            self.keep(Part(part.bound, 0, forced, others, part.prices))
        self._at_hand = None

    def _decide(self, sites: Ints, part: Part) -> Part | None:
        """Serve from the only set of sites left; where time ends that before all is known of it, it stays."""
        decided = replace(part, forced=sites, free=sites[:0])
        bound, ended = self._serve(decided)
        if ended:
            self.ended = ended
            return replace(decided, bound=max(part.bound, bound))
        self._settled = min(self._settled, max(part.bound, bound))
        return None

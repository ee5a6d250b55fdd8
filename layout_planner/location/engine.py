"""One way of solving for all questions: bound, repair, decide, branch."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from layout_planner.location.lagrange import Pace, relative_gap
from layout_planner.location.neighbours import recentre, search_neighbours
from layout_planner.location.plans import Plans, Served, fill_up, serve_nearest
from layout_planner.location.remainder import solve_remainder
from layout_planner.location.swap import descend
from layout_planner.location.transport import Transport
from layout_planner.location.tree import Part, Tree
from layout_planner.location.whole import round_shares

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from layout_planner.location.lagrange import Answer
    from layout_planner.location.question import Question
    from layout_planner.location.relaxed import Relaxed

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ROOT, BRANCH = Pace(steps=500, least_factor=1e-2), Pace(steps=30, factor=1.0, patience=5, repair_every=30)
FULL_ROOT = Pace(steps=300, least_factor=1e-2, repair_every=10)
FULL_BRANCH = Pace(steps=60, factor=1.0, patience=5, repair_every=60)
MOST_PAIRS = 12_000  # of client and site, up to which HiGHS is tried on all of them
FEW_PAIRS = 3_000  # up to which HiGHS is quicker than the tree also where clients are whole
TRY_SHARE, TRY_S = 0.4, 30.0  # how long HiGHS tries first: a share of the time left, seconds
POLISH_SHARE, POLISH_S = 0.1, 5.0  # how long HiGHS serves whole clients from one set of sites
NEAR = 0.05  # of the best value: a plan that is no worse is worth moving its sites about
NEIGHBOURS_SHARE = 0.5  # of the time left: for better neighbours of the best plan


@dataclass(frozen=True)
class Limits:
    """How good a plan must be, and how long it may take.

    gap : how far from the best a plan may be that counts as proven, as a share of its value; where all costs are whole numbers and nobody
        is split the best itself is proven
    time_limit_s : seconds, after which the best plan so far is returned with its gap
    seed : handed to HiGHS and kept; nothing else is drawn, and the same question gives the same plan

    Raises
    ------
    ValueError : a gap that is no share, or no time at all.
    """

    gap: float = 1e-6
    time_limit_s: float = np.inf
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.gap < 1:
            raise ValueError(f"gap: expected a share from 0 to below 1, got {self.gap}")
        if not self.time_limit_s > 0:
            raise ValueError(f"time_limit_s: expected seconds above 0, got {self.time_limit_s}")


@dataclass(frozen=True)
class Located:
    """Where to open, who goes where, and how good that is.

    open : open sites, sorted
    assignment : (clients,), the site that serves most of each client; -1 where none is known
    shares : (clients, sites), what share of each client a site serves; rows sum to 1
    value : what it costs, in the unit of the costs asked with; inf where no plan is known
    bound : no plan costs less
    gap : (value - bound) / value
    proven : True where the gap asked for is kept, or no plan can be better by the grain of the costs
    ended : "done", "time", "interrupted", or "impossible" where it is proven that no plan serves everybody
    parts, steps : of the search
    seed, seconds, versions : what it takes to do the same again
    """

    open: Ints
    assignment: Ints
    shares: csr_array
    value: float
    bound: float
    gap: float
    proven: bool
    ended: str
    parts: int
    steps: int
    seed: int
    seconds: float
    versions: dict[str, str]


def solve(question: Question, limits: Limits) -> Located:
    """Return the best plan found for `question`, with a certified bound.

    Ctrl-C and the limit give the best plan so far.
    """
    started = time.monotonic()
    search = _Search(question, limits, started + limits.time_limit_s)
    interrupted = False
    try:
        search.run()
    except KeyboardInterrupt:
        interrupted = True
    if not search.plans.value < np.inf and not interrupted:
        search.offer(np.arange(question.least))
    return _tell(search, interrupted=interrupted, seconds=time.monotonic() - started)


class _Search:
    """A question, its best plan and its tree."""

    def __init__(self, question: Question, limits: Limits, deadline: float) -> None:
        self.question, self.limits, self.deadline = question, limits, deadline
        self.plans = Plans(question, self._server())
        self.tree = Tree(question, self.plans, (self._repair, self._serve), gap=limits.gap, deadline=deadline)

    def run(self) -> None:
        """Search until all is proven or time is up."""
        everything = np.arange(len(self.question.opening))
        root = Part(-np.inf, 0, everything[:0], everything, first_prices(self.question))
        roomy = self.question.capacity is None
        left = self.tree.narrow(root, ROOT if roomy else FULL_ROOT)
        if left is None:
            return
        if self.tree.ended:
            self.tree.keep(left)
            return
        self._search_on(left)

    def _search_on(self, left: Part) -> None:
        """Search what the first bound left over."""
        if self.question.capacity is None:
            self.tree.grow(left, BRANCH)
            return
        half = time.monotonic() + NEIGHBOURS_SHARE * (self.deadline - time.monotonic())
        search_neighbours(self.question, self.plans, left, self.tree.aim, half)
        if self.question.whole:
            self._polish()
        pairs = len(self.question.cost) * (len(left.free) + len(left.forced))
        if pairs > MOST_PAIRS:
            self.tree.grow(left, FULL_BRANCH)
        else:
            self._solve_remainder(left, to_the_end=pairs <= FEW_PAIRS or not self.question.whole)

    def _solve_remainder(self, left: Part, *, to_the_end: bool) -> None:
        """Let HiGHS search what is left; whole clients are often better bounded by the tree, which goes on after a first try."""
        now = time.monotonic()
        until = self.deadline if to_the_end else now + min(TRY_S, TRY_SHARE * (self.deadline - now))
        bound, ended = solve_remainder(self.question, self.plans, left, self.limits, until)
        if to_the_end or not ended:
            self.tree.close(bound)
            self.tree.ended = ended
        elif ended == "interrupted":
            self.tree.keep(replace(left, bound=max(left.bound, bound)))
            self.tree.ended = ended
        else:
            self.tree.grow(replace(left, bound=max(left.bound, bound)), FULL_BRANCH)

    def _polish(self) -> None:
        """Serve whole clients by HiGHS from the sites of the best plan, move the sites to the middle of whom they serve, and so on."""
        while self.plans.value < np.inf and not self.tree.ended:
            before, best, now = self.plans.value, self.plans.best, time.monotonic()
            part = Part(-np.inf, 0, best.open, best.open[:0], np.empty(0))
            if not now < self.deadline or len(self.question.cost) * len(best.open) > MOST_PAIRS:
                return
            until = now + min(POLISH_S, POLISH_SHARE * (self.deadline - now))
            _, ended = solve_remainder(self.question, self.plans, part, self.limits, until)
            if ended == "interrupted":
                raise KeyboardInterrupt
            recentre(self.question, self.plans, self.plans.best)
            if not self.plans.value < before:
                return

    def _is_small(self, part: Part) -> bool:
        return len(self.question.cost) * (len(part.free) + len(part.forced)) <= MOST_PAIRS

    def _serve(self, part: Part) -> tuple[float, str]:
        """Serve from the sites of `part`; whole clients by HiGHS where rounding leaves a gap."""
        value, bound = self.plans.offer(part.forced)
        if self.question.whole and bound < min(self.tree.aim(), value) and self._is_small(part):
            return solve_remainder(self.question, self.plans, replace(part, bound=max(part.bound, bound)), self.limits, self.deadline)
        return bound, ""

    def offer(self, sites: Ints) -> float:
        """Serve from `sites` and such others as it takes; return the value of the best plan."""
        filled = fill_up(self.question, sites)
        if not self.plans.knows(filled):
            self.plans.offer(filled)
            if self.question.capacity is not None and self.plans.last.served.value <= self.plans.value * (1 + NEAR):
                recentre(self.question, self.plans, self.plans.last)
        return self.plans.value

    def _repair(self, relaxed: Relaxed, answer: Answer, prices: Floats) -> float:  # noqa: ARG002 - as the loop calls it
        sites = relaxed.opened(answer)
        if not len(sites):
            return self.plans.value
        if self.question.capacity is None and not self.plans.knows(sites) and len(relaxed.forced) == 0:
            sites = descend(self.question, sites, self.deadline)
        return self.offer(sites)

    def _server(self) -> Callable[[Ints], Served]:
        if self.question.capacity is None:
            return lambda sites: serve_nearest(self.question, sites)
        transport = Transport(self.question, self.limits.seed)
        if not self.question.whole:
            return transport.serve
        return lambda sites: round_shares(self.question, sites, transport.serve(sites))


def first_prices(question: Question) -> Floats:
    """Return prices to begin with: what the site half as far down a client's list as a plan has clients a site would cost."""
    sites = len(question.opening)
    place = min(max(1, sites // question.most // 2), sites - 1)
    prices = np.partition(question.cost, place, axis=1)[:, place]
    return np.where(prices < question.unreachable, prices, question.cost.min(axis=1))


def _tell(search: _Search, *, interrupted: bool, seconds: float) -> Located:
    question, best, bound = search.question, search.plans.best, search.tree.bound()
    clients, places = np.nonzero(best.served.shares)
    reached = best.served.value < np.inf and bool((question.cost[clients, best.open[places]] < question.unreachable).all())
    value = best.served.value if reached else np.inf
    shape = (len(question.cost), len(question.opening))
    shares = csr_array((best.served.shares[clients, places], (clients, best.open[places])), shape=shape)
    ended = "interrupted" if interrupted else search.tree.ended or "done"
    impossible = not reached and question.is_impossible(bound)
    return Located(
        open=best.open if reached else best.open[:0],
        assignment=best.open[best.served.shares.argmax(axis=1)] if reached else np.full(len(question.cost), -1),
        shares=shares if reached else csr_array(shape),
        value=value,
        bound=np.inf if impossible else bound,
        gap=relative_gap(value, bound),
        proven=impossible or (reached and bound >= question.proven_at(value, search.limits.gap)),
        ended="impossible" if impossible else ended,
        parts=search.tree.parts,
        steps=search.tree.steps,
        seed=search.limits.seed,
        seconds=seconds,
        versions={"python": platform.python_version(), **{name: metadata.version(name) for name in ("highspy", "numpy", "scipy")}},
    )

"""Who does the work: this process, or a Dask cluster on this machine or elsewhere; the same function on the same orders."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from layout_planner.errors import OutputError, PlannerError
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

A = TypeVar("A")
B = TypeVar("B")

MISSING = Words(
    '省级计算需要 Dask：pip install "layout-planner[province]"；或用 --workers 0 在本进程中逐县计算',
    'many counties at once need Dask: pip install "layout-planner[province]"; or --workers 0 works them one by one in this process',
)
LOST = Words(
    "与调度器的连接断了；已完成的县都已保存，重新运行同一命令即可继续",
    "the scheduler is gone; the counties that were done are kept, run the same command again to go on",
)


class Pool(Protocol):
    """Works orders off, in any order."""

    link: str

    def work(self, function: Callable[[A], B], orders: Sequence[A]) -> Iterator[tuple[A, B | Exception]]:
        """Yield every order with its result, or with what ended it, as soon as it is known."""


class Alone:
    """The process itself, one order after the other."""

    link = ""

    def work(self, function: Callable[[A], B], orders: Sequence[A]) -> Iterator[tuple[A, B | Exception]]:
        """Yield every order with its result."""
        for order in orders:
            yield order, function(order)


class Cluster:
    """The workers of a Dask scheduler; the order of a worker that dies is given to another."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - Dask has no types
        self._client = client
        self.link = str(client.dashboard_link or "")

    def work(self, function: Callable[[A], B], orders: Sequence[A]) -> Iterator[tuple[A, B | Exception]]:
        """Yield every order with its result, or with the error that ended it three times.

        Raises
        ------
        PlannerError : the scheduler is gone.
        """
        from distributed import as_completed

        futures = {self._client.submit(function, order, pure=False): order for order in orders}
        seen = 0
        for future in as_completed(list(futures)):
            if future.status == "finished":
                try:
                    result: B | Exception = future.result()
                except OSError as error:  # the scheduler went while the result was on its way
                    raise PlannerError(LOST) from error
            elif future.status == "error":
                result = future.exception()
            else:
                raise PlannerError(LOST)
            seen += 1
            yield futures[future], result
        if seen < len(orders):
            raise PlannerError(LOST)


@contextlib.contextmanager
def open_pool(workers: int | None, scheduler: str | None) -> Iterator[Pool]:
    """Yield who does the work.

    Parameters
    ----------
    workers : processes on this machine, one a core when None; 0 = this process itself.
    scheduler : address of a running Dask scheduler (`tcp://host:8786`) instead. Its workers must see the same folders under the same
        paths; trust it as you trust this machine, since Dask sends code and data as pickles.

    Raises
    ------
    OutputError : Dask is not installed, or the scheduler does not answer.
    """
    if workers == 0 and scheduler is None:
        yield Alone()
        return
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        raise OutputError(MISSING) from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters of it is told in our own words
    with dask.config.set({"distributed.comm.timeouts.connect": "15s"}), contextlib.ExitStack() as stack:
        if scheduler is None:
            spill = stack.enter_context(tempfile.TemporaryDirectory(prefix="layout-planner-", ignore_cleanup_errors=True))
            scheduler = stack.enter_context(
                LocalCluster(
                    n_workers=workers, threads_per_worker=1, processes=True, local_directory=spill, dashboard_address="127.0.0.1:0"
                )
            )
        try:
            client = stack.enter_context(Client(scheduler, timeout="15s"))
        except (OSError, ValueError, TimeoutError) as error:
            what = Words(f"连不上 Dask 调度器 {scheduler}：{error}", f"the Dask scheduler {scheduler} does not answer: {error}")
            raise OutputError(what) from error
        yield Cluster(client)

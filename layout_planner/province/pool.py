"""Who does the work: this process, or a Dask cluster on this machine or elsewhere; the same function on the same orders."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import time
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


IDLE = Words(
    "调度器没有任何工作进程：启动 dask worker 后重新运行；已完成的县都已保存",
    "the scheduler has no workers: start some with `dask worker` and run again; the counties that were done are kept",
)
LOOK_S = 30.0  # seconds without any result after which it is looked whether workers are left
IDLE_S = 120.0  # that a foreign scheduler may be without workers: they may still be starting
PATIENCE = "120s"  # for a connection: a busy machine is slow, not dead
# Dask tells workers to hand every freed page back at once. A county makes many large tables: the pages it asks for anew were a third of its
# seconds, and workers wait for one another in the kernel. Memory at the peak is the same without.
TRIMMING = "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_"


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
    """The workers of a Dask scheduler; the order of a worker that dies is given to another.

    revive : starts workers anew where this program started them itself; None where they are somebody else's.
    """

    def __init__(self, client: Any, revive: Callable[[], None] | None = None) -> None:  # noqa: ANN401 - Dask has no types
        self._client, self._revive = client, revive
        self.link = str(client.dashboard_link or "")
        self._idle_since: float | None = None

    def work(self, function: Callable[[A], B], orders: Sequence[A]) -> Iterator[tuple[A, B | Exception]]:
        """Yield every order with its result, or with the error that ended it three times.

        Raises
        ------
        PlannerError : the scheduler is gone, or has no workers.
        """
        from distributed import CancelledError, wait

        waiting = {self._client.submit(function, order, pure=False): order for order in orders}
        while waiting:
            try:
                done = wait(list(waiting), timeout=LOOK_S, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                self._look_for_workers()
                continue
            except (OSError, CancelledError) as error:
                raise PlannerError(LOST) from error
            for future in done:
                yield waiting.pop(future), self._take(future)

    def _take(self, future: Any) -> Any:  # noqa: ANN401
        """Return what a future that is done holds, and let its worker forget it."""
        from distributed import CancelledError

        if future.status not in {"finished", "error"}:
            raise PlannerError(LOST)
        try:
            result = future.exception() if future.status == "error" else future.result(timeout=PATIENCE)
        except (OSError, CancelledError) as error:  # the scheduler went while the result was on its way
            raise PlannerError(LOST) from error
        future.release()
        return result

    def _look_for_workers(self) -> None:
        """Start workers anew when all are gone; a busy machine may fail to start one in time. Foreign ones are waited for a while."""
        try:
            workers = self._client.scheduler_info()["workers"]
        except OSError as error:
            raise PlannerError(LOST) from error
        if workers:
            self._idle_since = None
        elif self._revive is not None:
            self._revive()
        else:
            self._idle_since = self._idle_since or time.monotonic()
            if time.monotonic() - self._idle_since >= IDLE_S:
                raise PlannerError(IDLE)


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
    with dask.config.set({"distributed.comm.timeouts.connect": PATIENCE, TRIMMING: None}), contextlib.ExitStack() as stack:
        revive = None
        if scheduler is None:
            spill = stack.enter_context(tempfile.TemporaryDirectory(prefix="layout-planner-", ignore_cleanup_errors=True))
            cluster = stack.enter_context(
                LocalCluster(
                    n_workers=workers, threads_per_worker=1, processes=True, local_directory=spill, dashboard_address="127.0.0.1:0"
                )
            )
            scheduler, revive = cluster, _reviver(cluster, len(cluster.workers))
        try:
            client = stack.enter_context(Client(scheduler, timeout="15s"))
        except (OSError, ValueError, TimeoutError) as error:
            what = Words(f"连不上 Dask 调度器 {scheduler}：{error}", f"the Dask scheduler {scheduler} does not answer: {error}")
            raise OutputError(what) from error
        yield Cluster(client, revive)


def _reviver(cluster: Any, count: int) -> Callable[[], None]:  # noqa: ANN401
    """Return what starts `count` workers of a local cluster anew."""

    def revive() -> None:
        cluster.scale(0)
        cluster.scale(count)

    return revive

"""Files and folders that are old or new but never half: written beside their place, then renamed, whatever kills the program.

Two runs that write to one place do not disturb each other: the later one stays. What a killed run leaves beside its place is swept away
by the next run on the same machine.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import re
import shutil
import sys
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from layout_planner.errors import OutputError
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE, EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux
UNABLE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM}
TRIES = 20
MACHINE = f"{zlib.crc32(platform.node().encode()):08x}"


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a place beside `path`, with the same ending, that takes its place when the block ends well.

    Raises
    ------
    OutputError : the folder cannot be written, or the disk is full.
    """
    with whole_files([path]) as (beside,):
        yield beside


@contextlib.contextmanager
def whole_files(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield places beside `paths`, with the same endings, that take their places when the block ends well, one right after the other.

    Raises
    ------
    OutputError : a folder cannot be written, or the disk is full.
    """
    places = [path.with_name(f".{_beside(path)}{path.name}") for path in paths]
    try:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            _sweep(path)
        yield places
        for beside in places:
            _flush(beside)
        for beside, path in zip(places, paths, strict=True):
            beside.replace(path)
    except OSError as error:
        raise unwritable(paths[0].parent, error) from error
    finally:
        for beside in places:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)


@contextlib.contextmanager
def replaced_folder(place: Path, mark: str) -> Iterator[Path]:
    """Yield a new folder that takes the place of `place` when the block ends well, and vanishes when it does not.

    A place that exists must hold the file `mark`, or it is left alone.

    Raises
    ------
    OutputError : the place holds something else, cannot be written, or the disk is full.
    """
    _recover(place)
    if place.exists() and not (place / mark).is_file():
        raise OutputError(
            Words(
                f"{place} 已存在且不是本工具写出的（没有 {mark}），未覆盖",
                f"{place} exists and is no run or paper of ours, as {mark} is missing: it was left alone; choose another --out",
            )
        )
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _sweep(place)
        fresh = Path(tempfile.mkdtemp(prefix=f".{_beside(place)}{place.name}-", dir=place.parent))
    except OSError as error:
        raise unwritable(place.parent, error) from error
    try:
        yield fresh
        fresh.chmod(0o755)
        _swap(fresh, place)
    except Exception as error:
        if isinstance(error, (OSError, *_disk_faults())):
            raise unwritable(place, error) from error
        raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def unwritable(place: Path, error: Exception) -> OutputError:
    """Return the error of a place that cannot be written, with what the system says of it."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return OutputError(Words(f"磁盘已满，无法写入 {place}；原有结果未动", f"the disk is full: {place} was left as it was"))
    said = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return OutputError(Words(f"无法写入 {place}：{said}", f"cannot write {place}: {said}"))


def _disk_faults() -> tuple[type[Exception], ...]:
    """Return what GDAL raises where a file cannot be written; nothing while GDAL is not in use."""
    if "pyogrio" not in sys.modules:
        return ()
    from pyogrio import errors

    return (errors.DataSourceError, errors.DataLayerError, errors.FeatureError, errors.GeometryError, errors.FieldError)


def _beside(place: Path) -> str:
    """Return the first part of the name of what is written beside `place`: whose it is, so that only its leavings are swept away."""
    return f"{zlib.crc32(place.name.encode()):08x}-{MACHINE}-{os.getpid()}-"


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _swap(fresh: Path, place: Path) -> None:
    """Put `fresh` where `place` is; afterwards `fresh` may hold what was there before."""
    for _ in range(TRIES):
        try:
            if place.exists():
                if not _exchange(fresh, place):
                    _rename_twice(fresh, place)
            else:
                fresh.rename(place)
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST}:
                raise
            continue  # another run was here between the look and the move
        return
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def _exchange(fresh: Path, place: Path) -> bool:
    """Swap two folders in one step that nothing can interrupt; False where the system has no such step."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(HERE, os.fsencode(fresh), HERE, os.fsencode(place), EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in UNABLE:
        return False
    raise OSError(code, os.strerror(code))


def _rename_twice(fresh: Path, place: Path) -> None:
    """Move `place` aside and `fresh` in; a run killed between the two is mended by `_recover`."""
    aside = place.with_name(f".{place.name}.old")
    shutil.rmtree(aside, ignore_errors=True)
    place.rename(aside)
    try:
        fresh.rename(place)
    except OSError:
        aside.rename(place)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _recover(place: Path) -> None:
    """Bring back what a run moved aside before it was killed."""
    aside = place.with_name(f".{place.name}.old")
    if aside.exists() and not place.exists():
        with contextlib.suppress(OSError):
            aside.rename(place)


def _sweep(place: Path) -> None:
    """Remove what runs of this machine that are no longer alive left beside `place`."""
    if os.name != "posix":
        return
    ours = re.compile(rf"\.{zlib.crc32(place.name.encode()):08x}-{MACHINE}-(\d+)-")
    for entry in place.parent.iterdir():
        found = ours.match(entry.name)
        if found and not _is_alive(int(found[1])):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True

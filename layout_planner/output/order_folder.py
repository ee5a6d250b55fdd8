"""Orders of hierarchies kept in a folder between runs (`--cache`): numbers only, checked when read, never half written."""

from __future__ import annotations

import os
import zipfile
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from layout_planner.county.model import Note
from layout_planner.travel.hierarchy import is_order
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Rank = NDArray[np.int32]


class OrderFolder:
    """Ranks by name of the net's shape, one .npz file each (see `travel.hierarchy.Orders`).

    A file that is damaged or belongs to another net is left aside with a note: an order only saves work, so a result never hangs on one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: list[Note] = []

    def get(self, name: str, /) -> Rank | None:
        """Return the rank kept under `name`; None where there is none that can be trusted."""
        path = self._path(name)
        if not path.exists():
            return None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                rank, whose = kept["rank"], str(kept["name"])
        except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
            rank, whose = np.empty(0), ""
        if whose == name and np.issubdtype(rank.dtype, np.integer) and is_order(rank, len(rank)):
            return rank.astype(np.int32)
        self._note(
            f"路网次序文件 {path} 已损坏或属于另一路网，已重新计算",
            f"the order of roads in {path} is damaged or of other roads; it was made anew",
        )
        return None

    def __setitem__(self, name: str, rank: Rank, /) -> None:
        """Keep `rank`: written beside its place, then renamed. A folder that cannot be written is noted, no more."""
        path = self._path(name)
        beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                np.savez(file, name=np.str_(name), rank=rank)
            beside.replace(path)
        except OSError as error:
            self._note(f"无法在 {self.folder} 保存路网次序：{error}", f"the order of roads could not be kept in {self.folder}: {error}")
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.folder / f"order-{name[:32]}.npz"

    def _note(self, zh: str, en: str) -> None:
        self.notes.append(Note("road_order", Words(zh, en)))

"""Results of counties on a shelf: one folder for each hash, written beside its place, then renamed; read by any process at any time."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from layout_planner.errors import OutputError
from layout_planner.province.parts import Part
from layout_planner.whole import unwritable
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = "part.json"


class ProvinceShelf:
    """A folder that two runs may share: a key says all that a result follows from, so whoever writes it writes the same."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, key: str) -> Part | None:
        """Return what is kept under `key`, None where there is nothing whole."""
        try:
            kept = json.loads((self._place(key) / MARK).read_text(encoding="utf-8"))
            return Part(**kept) if kept["key"] == key else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def table(self, key: str, name: str) -> pd.DataFrame:
        """Return one of the tables kept under `key`.

        Raises
        ------
        OutputError : the shelf has been damaged.
        """
        path = self._place(key) / f"{name}.parquet"
        try:
            head = json.loads((self._place(key) / MARK).read_text(encoding="utf-8"))["facts"].get("geometry", [])
            return gpd.read_parquet(path) if name in head else pd.read_parquet(path)
        except (OSError, ValueError, KeyError) as error:
            raise OutputError(
                Words(f"中间结果 {path} 已损坏，删除其文件夹后重新运行", f"{path} is damaged: delete its folder and run again")
            ) from error

    def keep(self, part: Part, tables: Mapping[str, pd.DataFrame]) -> None:
        """Keep a part with its tables, all or nothing.

        Raises
        ------
        OutputError : the folder cannot be written.
        """
        place = self._place(part.key)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            beside = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
        except OSError as error:
            raise unwritable(self.folder, error) from error
        try:
            for name, table in tables.items():
                table.to_parquet(beside / f"{name}.parquet")
            geometry = sorted(name for name, table in tables.items() if isinstance(table, gpd.GeoDataFrame))
            kept = {"key": part.key, "county_id": part.county_id, "figures": part.figures, "facts": {**part.facts, "geometry": geometry}}
            (beside / MARK).write_text(json.dumps(kept, ensure_ascii=False, sort_keys=True, indent=1), encoding="utf-8")
            self._put(beside, place)
        except OSError as error:
            raise unwritable(self.folder, error) from error
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def _put(self, beside: Path, place: Path) -> None:
        """Rename `beside` to `place`; where another run was quicker its result stays, for it is the same."""
        if self.find(place.name) is not None:
            return
        shutil.rmtree(place, ignore_errors=True)  # damaged
        beside.chmod(0o755)
        try:
            beside.rename(place)
        except OSError:
            if self.find(place.name) is None:
                raise

    def _place(self, key: str) -> Path:
        return self.folder / key

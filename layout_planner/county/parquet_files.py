"""Parquet: one file, or a folder of parts as Dask and Spark write it, where `county=520621/` is a column of all that lies in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import unquote

from layout_planner.county.faults import FaultError
from layout_planner.county.raw_files import MAX_BYTES, MAX_ROWS, check_file, check_magic, too_many_rows, unreadable
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

ENDING = ".parquet"
MAX_PARTS = 2_000


def find_parts(folder: Path) -> list[Path]:
    """Return the parquet files anywhere below `folder`, by name; hidden ones and those that begin with _ are left out, links not followed.

    Raises
    ------
    FaultError : there are absurdly many.
    """
    parts: list[Path] = []
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        parts += [folder.joinpath(root, name) for name in files if name.lower().endswith(ENDING) and not name.startswith((".", "_"))]
        if len(parts) > MAX_PARTS:
            raise FaultError(
                Words("文件夹中的 parquet 文件过多", "the folder holds too many parquet files"),
                Words("只指定本县的分区", "name only the county's own partition"),
                expected=Words(f"不超过{MAX_PARTS:,}个", f"at most {MAX_PARTS:,}"),
            )
    return sorted(parts)


def check_parts(folder: Path) -> None:
    """Raise `FaultError` unless `folder` holds parquet files that can be read and are not too large together."""
    parts = find_parts(folder)
    if not parts:
        raise FaultError(
            Words("这是文件夹，不是文件", "this is a folder, not a file"),
            Words("在情景文件中写出文件夹里的文件名", "name the file inside the folder in the scenario"),
        )
    for part in parts:
        if part.is_symlink():
            raise FaultError(
                Words("文件夹中有链接", "the folder holds a link"), Words("换成文件本身", "put the file itself there"), value=part.name
            )
        check_file(part)
    size = sum(part.stat().st_size for part in parts)
    if size > MAX_BYTES:
        raise FaultError(
            Words("文件过大", "the file is too large"),
            Words("只指定本县的分区", "name only the county's own partition"),
            value=f"{size:,} bytes",
            expected=Words(f"不超过{MAX_BYTES:,}字节", f"at most {MAX_BYTES:,} bytes"),
        )


def read_parquet(path: Path) -> pd.DataFrame:
    """Return the rows of a parquet file or of a folder of parts, a GeoDataFrame where they have places.

    Raises
    ------
    FaultError : it is damaged, no parquet, or holds more than any county has.
    """
    import geopandas as gpd
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyproj.exceptions import CRSError
    from shapely.errors import ShapelyError

    faults = (
        pa.ArrowException,
        CRSError,
        ShapelyError,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        MemoryError,
    )
    parts = find_parts(path) if path.is_dir() else [path]
    frames, rows, size = [], 0, 0
    for part in parts:
        check_magic(part)
        try:
            head = pq.read_metadata(part)
            rows, size = rows + head.num_rows, size + sum(head.row_group(group).total_byte_size for group in range(head.num_row_groups))
            _refuse_large(rows, size)
            frame = gpd.read_parquet(part) if b"geo" in (head.metadata or {}) else pq.read_table(part, partitioning=None).to_pandas()
            frames.append(frame.assign(**dict(_keys_of(part, path))))
        except faults as error:
            raise unreadable(error) from None
    try:
        return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    except (ValueError, TypeError) as error:  # parts in different projections
        raise unreadable(error) from None


def _refuse_large(rows: int, size: int) -> None:
    if rows > MAX_ROWS:
        raise too_many_rows(rows)
    if size > MAX_BYTES:
        raise FaultError(
            Words("解压后过大", "the file is too large once unpacked"),
            Words("只保留本县的数据", "keep only the county's own data"),
            value=f"{size:,} bytes",
        )


def _keys_of(part: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the columns that the names of the folders between `folder` and `part` hold, the folder's own included."""
    for parent in reversed([place for place in part.parents if place == folder or folder in place.parents]):
        name, is_key, value = parent.name.partition("=")
        if is_key and name:
            yield name, unquote(value)

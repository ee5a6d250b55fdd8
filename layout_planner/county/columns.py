"""What one column and one table of the input are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from layout_planner.words import Words

Kind = Literal["id", "text", "int", "float", "lon", "lat", "bool", "choice", "grades", "date", "time", "times"]


UNIT_WORDS = {
    "min": Words("分钟", "min"),
    "pupils": Words("人", "pupils"),
    "people": Words("人", "people"),
    "teachers": Words("人", "teachers"),
    "beds": Words("张", "beds"),
    "seats": Words("个", "seats"),
    "rooms": Words("间", "rooms"),
    "buses": Words("辆", "buses"),
    "yuan": Words("元", "yuan"),
    "degree": Words("度", "degrees"),
    "m": Words("米", "m"),
    "km": Words("公里", "km"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, kind, unit, allowed range, meaning, and the headers that are accepted for it.

    choice_aliases : what else is read as one of the choices, (as written, choice).
    """

    name: str
    kind: Kind
    meaning: Words
    required: bool = False
    unit: str = ""
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    choice_words: tuple[Words, ...] = ()
    choice_aliases: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()
    example: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One input table: its role, meaning, id column and columns."""

    role: str
    title: Words
    key: str | None
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """Return the column called `name`; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def has_places(self) -> bool:
        """Whether every row is a place with coordinates."""
        return any(column.kind == "lon" for column in self.columns)


def name_unit(unit: str) -> Words:
    """Return what a unit is called; a unit without a name is called by itself."""
    return UNIT_WORDS.get(unit, Words(unit, unit))


def count_column(name: str, zh: str, en: str, aliases: tuple[str, ...] = (), example: str = "") -> Column:
    """Return a column that counts pupils."""
    return Column(name, "int", Words(zh, en), unit="pupils", least=0, most=100_000, aliases=aliases, example=example)


SCHOOL_ID = Column(
    "school_id",
    "id",
    Words("学校标识码", "school id"),
    required=True,
    aliases=("学校标识码", "学校编号", "标识码"),
    example="2152000101",
)
PLACE = (
    Column(
        "lon",
        "lon",
        Words("经度", "longitude"),
        unit="degree",
        least=-180,
        most=180,
        aliases=("经度", "东经", "longitude", "lng", "x"),
        example="106.1234",
    ),
    Column(
        "lat",
        "lat",
        Words("纬度", "latitude"),
        unit="degree",
        least=-90,
        most=90,
        aliases=("纬度", "北纬", "latitude", "y"),
        example="26.5678",
    ),
)

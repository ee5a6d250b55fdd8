"""The data dictionary, the keys of a scenario and the values of a norm set, for people and machines."""

from __future__ import annotations

import json
from typing import Any

import click

from layout_planner.county.tables import TABLES
from layout_planner.norms import read_norms
from layout_planner.output.terminal import result_console
from layout_planner.scenario import Scenario
from layout_planner.words import Lang, Words


def print_schema(what: str, norm_set: str, lang: Lang, *, as_json: bool) -> None:
    """Print `tables`, `scenario` or `norms`."""
    if what == "scenario":
        click.echo(json.dumps(Scenario.model_json_schema(), ensure_ascii=False, indent=1))
        return
    rows = _table_rows(lang) if what == "tables" else _norm_rows(norm_set)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    from rich.table import Table

    table = Table()
    for column in rows[0]:
        table.add_column(column)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    result_console().print(table)


def _table_rows(lang: Lang) -> list[dict[str, Any]]:
    needed = Words("必填", "required").say(lang)
    return [
        {
            "table": role,
            "column": c.name,
            "kind": c.kind,
            "unit": c.unit,
            "need": needed if c.required else "",
            "meaning": c.meaning.say(lang),
            "headers": "、".join(c.aliases),
            "choices": " ".join(c.choices),
        }
        for role, table in TABLES.items()
        for c in table.columns
    ]


def _norm_rows(norm_set: str) -> list[dict[str, Any]]:
    return [
        {
            "key": n.key,
            "grades": ",".join(map(str, n.grades)),
            "comparator": n.comparator,
            "value": n.value,
            "unit": n.unit,
            "severity": n.severity,
            "source": n.cite(),
            "note": n.note,
        }
        for n in read_norms(norm_set).norms
    ]

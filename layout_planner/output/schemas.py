"""The data dictionary, the keys of a scenario and the values of a norm set, for people and machines."""

from __future__ import annotations

import json
from typing import Any

import click

from layout_planner.county.tables import FORM_TABLES
from layout_planner.output.norm_tables import list_rows, list_table, norm_rows, norm_tables
from layout_planner.output.terminal import result_console
from layout_planner.scenario import Scenario
from layout_planner.words import Lang, Words


def print_schema(what: str, norm_set: str | None, lang: Lang, *, as_json: bool) -> None:
    """Print `tables`, `scenario` or `norms`; without `norm_set` the list of the sets."""
    if what == "scenario":
        click.echo(json.dumps(Scenario.model_json_schema(), ensure_ascii=False, indent=1))
        return
    if what == "norms":
        _print_norms(norm_set, lang, as_json=as_json)
        return
    rows = _table_rows(lang)
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
        for role, table in FORM_TABLES.items()
        for c in table.columns
    ]


def _print_norms(norm_set: str | None, lang: Lang, *, as_json: bool) -> None:
    if as_json:
        rows = list_rows(lang) if norm_set is None else norm_rows(norm_set, lang)
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    console = result_console()
    for table in [list_table(lang)] if norm_set is None else norm_tables(norm_set, lang, console.width):
        console.print(table)

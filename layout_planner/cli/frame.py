"""What every verb shares: common options, errors as sentences and exit codes, results as JSON."""

from __future__ import annotations

import functools
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from layout_planner.errors import InputError, PlannerError
from layout_planner.words import Lang, Words, default_lang

if TYPE_CHECKING:
    from collections.abc import Callable

    from layout_planner.output.order_folder import OrderFolder


FILE = click.Path(path_type=Path)
DATA = click.option("--data", "data_dir", type=FILE, default=None, help="Folder of the data files, instead of the scenario's [data] dir.")
CACHE = click.option("--cache", type=FILE, default=None, help="Folder that keeps, for large counties, the order of the roads between runs.")
OUT = click.option("--out", "-o", type=FILE, default=Path("runs"), show_default=True, help="Folder for the results.")
STATE = click.argument("source", metavar="SCENARIO|RUN", type=FILE)
FAULT = Words("程序内部错误", "a fault inside the program")


def common(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb --lang and --json, and turn every error into sentences and an exit code."""

    @click.option(
        "--lang", type=click.Choice(["zh", "en"]), default=None, help="Language of results and messages; default from the locale."
    )
    @click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
    @functools.wraps(verb)
    def run_verb(*args: Any, lang: str | None, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - click passes what the verb declares
        said = cast("Lang", lang or default_lang())
        try:
            verb(*args, lang=said, as_json=as_json, **options)
        except PlannerError as error:
            _show_error(error, said, as_json=as_json)
            sys.exit(error.exit_code)
        except (click.ClickException, BrokenPipeError):  # a reader of what is printed, such as `head`, had enough: click ends quietly
            raise
        except KeyboardInterrupt:
            click.echo(Words("已中断；已写出的结果保留", "interrupted; what was written stays").say(said), err=True)
            sys.exit(130)
        except Exception as error:
            if os.environ.get("LAYOUT_PLANNER_DEBUG"):
                raise
            how = Words("设置 LAYOUT_PLANNER_DEBUG=1 后重试并报告输出", "set LAYOUT_PLANNER_DEBUG=1, try again and report what it prints")
            click.echo(f"{FAULT.say(said)}: {type(error).__name__}: {error}\n{how.say(said)}", err=True)
            sys.exit(1)

    return run_verb


def _show_error(error: PlannerError, lang: Lang, *, as_json: bool) -> None:
    if as_json:
        problems = [problem.as_dict() for problem in error.problems] if isinstance(error, InputError) else []
        print_json({"error": error.message._asdict(), "problems": problems})
    click.echo(error.say(lang), err=True)


def print_json(content: object) -> None:
    """Print `content` as JSON on stdout."""
    click.echo(json.dumps(content, ensure_ascii=False, indent=1))


def open_orders(cache: Path | None) -> OrderFolder | None:
    """Return the folder that keeps orders of roads, if one is asked for."""
    from layout_planner.output.order_folder import OrderFolder

    return None if cache is None else OrderFolder(cache)


def tell_orders(orders: OrderFolder | None, lang: Lang) -> None:
    """Say on stderr what could not be kept or used."""
    for note in orders.notes if orders is not None else ():
        click.echo(note.text.say(lang), err=True)

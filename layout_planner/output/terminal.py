"""What the command line shows: tables on stdout, steps on stderr."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from layout_planner.compare import MEASURES, SHOWN_IN_10_000
from layout_planner.names import VERDICTS, name_rule
from layout_planner.output.line_breaks import BreakableText
from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    import pandas as pd

    from layout_planner.output.view import RunView
    from layout_planner.results import Verdict

STYLES: dict[str, str] = {"pass": "bold green", "fail": "bold red", "unknown": "bold yellow"}
PLAIN_WIDTH = 140
FIGURE = re.compile(r"[-+]?[\d,]*\.?\d+%?|—")


def result_console() -> Console:
    """Return the console of results; wide enough for its tables when stdout is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=PLAIN_WIDTH, highlight=False)


class Steps:
    """Shows the step at work on stderr, and how long each took."""

    def __init__(self, lang: Lang, *, quiet: bool = False) -> None:
        self._lang, self._quiet = lang, quiet
        self._console = Console(stderr=True, highlight=False)
        self._status = self._console.status("")
        self._now: str | None = None
        self._began = 0.0

    def __enter__(self) -> Steps:
        if not self._quiet and self._console.is_terminal:
            self._status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._finish(done=kind is None)
        self._status.stop()

    def __call__(self, step: Words) -> None:
        """Begin the next step."""
        self._finish(done=True)
        self._now, self._began = step.say(self._lang), time.monotonic()
        self._status.update(escape(self._now))

    def _finish(self, *, done: bool) -> None:
        if self._now is not None and not self._quiet:
            sign = "[green]✓[/]" if done else "[red]✗[/]"
            self._console.print(f"{sign} {escape(self._now)} [dim]{time.monotonic() - self._began:.1f} s[/]")
        self._now = None


def verdict_text(verdict: Verdict, lang: Lang) -> str:
    """Return the verdict with its colour as rich markup."""
    return f"[{STYLES[verdict]}]{VERDICTS[verdict].say(lang)}[/]"


def comparison_table(views: Sequence[RunView], lang: Lang) -> Table:
    """Return one column a run beside today's figures."""
    table = Table(title=Words("方案比较", "comparison of scenarios").say(lang), title_justify="left")
    table.add_column("")
    table.add_column(Words("现状", "today").say(lang), justify="right")
    for view in views:
        table.add_column(escape(view.title.say(lang)), justify="right")
    columns = [views[0].measures["today"], *(view.measures["plan"] for view in views)]
    for name, measure in MEASURES.items():
        if not any(name in values for values in columns):
            continue
        scale = 10_000 if name in SHOWN_IN_10_000 else 1
        figures = [f"{values[name] / scale:,.{measure.decimals}f}" if name in values else "—" for values in columns]
        table.add_row(measure.label.say(lang), *figures)
    table.add_section()
    table.add_row(Words("审查结论", "gate").say(lang), "", *(verdict_text(view.verdict, lang) for view in views))
    return table


def findings_table(view: RunView, lang: Lang) -> Table:
    """Return the findings that do not pass, with what would lift each."""
    table = Table(show_lines=True)
    heads = (
        Words("学校", "school"),
        Words("规则", "rule"),
        Words("结论", "verdict"),
        Words("发现", "finding"),
        Words("处理", "what would lift it"),
    )
    for words in heads:
        table.add_column(words.say(lang), overflow="fold")
    names = view.schools["name" if lang == "zh" else "name_en"].where(lambda shown: shown != "", view.schools["name"])
    for f in view.findings:
        if f.verdict != "pass":
            subject = str(names.get(f.subject, Words("整个方案", "the whole plan").say(lang)))
            rule = name_rule(f.rule).say(lang)
            finding, cure = (BreakableText(words.say(lang)) for words in (f.text, f.cure))
            table.add_row(escape(subject), rule, verdict_text(f.verdict, lang), finding, cure)
    return table


def frame_table(frame: pd.DataFrame, title: str = "") -> Table:
    """Return a data frame as a table; numbers to the right."""
    table = Table(title=title or None, title_justify="left")
    for name, kind in frame.dtypes.items():
        numbers = kind.kind in "if" or all(FIGURE.fullmatch(str(value)) for value in frame[name])
        table.add_column(str(name), justify="right" if numbers else "left")
    for row in frame.itertuples(index=False):
        table.add_row(*(BreakableText(f"{value:,.1f}" if isinstance(value, float) else str(value)) for value in row))
    return table

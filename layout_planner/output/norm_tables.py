"""Norm sets for the terminal and for machines: what is asked, how strictly, from where and how sure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from layout_planner.names import MODES, name_band, name_unit
from layout_planner.norms import FLAGS, list_norm_sets, list_versions, read_set_file
from layout_planner.norms.labels import name_norm
from layout_planner.words import Lang, Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layout_planner.norms import Norm

WIDE, KEY_WIDTH, NARROW_KEY_WIDTH = 120, 34, 26
COMPARATORS = {"<=": "≤", ">=": "≥", "<": "<", ">": ">", "==": ""}
SEVERITIES = {"hard": Words("强制", "hard"), "advisory": Words("指导", "advisory"), "info": Words("参考", "info")}
STATUSES = {
    "current": Words("可用", "in use"),
    "history": Words("历史", "history"),
    "draft": Words("草稿", "draft"),
    "base": Words("基础", "base"),
}
FLAG_MEANINGS = {
    "R1": Words("读过原文", "read in the text itself"),
    "R2": Words("读过转载或报道", "read in a reproduction or report"),
    "R3": Words("来源薄弱", "read in a weak place"),
    "A": Words("假设，无文件依据", "assumption, no source"),
    "D": Words("由有来源的数值推算", "worked out from a sourced value"),
}
FLAG_STYLES = {"R1": "green", "R2": "green", "R3": "yellow"}
OWN = Words("本项目假设", "assumption of this project")
YES_NO = {0: Words("否", "no"), 1: Words("是", "yes")}
YES_NO_UNIT = "1 = yes"
ON_RECORD = Words("须有", "required")


def list_rows(lang: Lang) -> list[dict[str, Any]]:
    """Return one row a norm set: id, title, country, status, parent, values of its own."""
    files = [read_set_file(set_id) for set_id in list_norm_sets()]
    return [
        {
            "id": file.id,
            "title": file.title.say(lang),
            "country": file.country.say(lang),
            "status": file.status,
            "extends": file.parent,
            "values": len(file.norms),
        }
        for file in files
    ]


def list_table(lang: Lang) -> Table:
    """Return the norm sets as a table; drafts and history are marked."""
    table = Table(caption_justify="left", pad_edge=False)
    table.add_column(Words("规范集", "set").say(lang), no_wrap=True)
    table.add_column(Words("名称", "title").say(lang), overflow="fold")
    table.add_column(Words("状态", "status").say(lang), no_wrap=True)
    table.add_column(Words("基于", "builds on").say(lang), no_wrap=True)
    table.add_column(Words("自有数值", "own values").say(lang), justify="right")
    for row in list_rows(lang):
        status = STATUSES[row["status"]].say(lang)
        style = {"draft": "yellow", "history": "yellow", "base": "dim"}.get(row["status"], "")
        table.add_row(row["id"], Text(row["title"]), Text(status, style), row["extends"], str(row["values"]))
    caption = Words(
        "草稿须在情景中写 allow_draft_norms = true 才能使用；基础不能单独使用",
        "a draft is used only with allow_draft_norms = true in the scenario; a base is never used alone",
    )
    table.caption = caption.say(lang)
    return table


def norm_rows(set_id: str, lang: Lang) -> list[dict[str, Any]]:
    """Return every version of every value of a set as plain values, with what people call it."""
    return [{"name": name_norm(norm.key).say(lang), **asdict(norm), "note": norm.note.say(lang)} for norm in list_versions(set_id)]


def norm_tables(set_id: str, lang: Lang, width: int) -> Iterator[Table]:
    """Yield a set's own values and those it takes over, for a terminal of `width` columns; the last table explains the flags."""
    file, versions = read_set_file(set_id), list_versions(set_id)
    own, inherited = versions[: len(file.norms)], versions[len(file.norms) :]
    yield _norm_table(own, f"{file.id} · {file.title.say(lang)} · {STATUSES[file.status].say(lang)}", lang, wide=width >= WIDE)
    if inherited:
        title = Words("沿用自 {parent} 的数值", "taken over from {parent}").fill(parent=file.parent)
        yield _norm_table(inherited, title.say(lang), lang, wide=width >= WIDE)


def _norm_table(norms: tuple[Norm, ...], title: str, lang: Lang, *, wide: bool) -> Table:
    """Return values by key; in a narrow table the notes stand under the sources."""
    table = Table(title=title, title_justify="left", caption_justify="left", show_lines=True, pad_edge=False)
    table.add_column(Words("数值", "value").say(lang), overflow="fold", min_width=KEY_WIDTH if wide else NARROW_KEY_WIDTH, ratio=5)
    table.add_column(Words("规定", "asks").say(lang), overflow="fold", ratio=3)
    table.add_column(Words("效力", "force").say(lang), no_wrap=True)
    table.add_column(Words("来源", "source").say(lang), overflow="fold", ratio=5)
    if wide:
        table.add_column(Words("说明", "note").say(lang), overflow="fold", ratio=6)
    for norm in sorted(norms, key=lambda norm: (norm.key, norm.grades, norm.modes, norm.valid_from)):
        source, note = Text(say_source(norm, lang)), Text(norm.note.say(lang), "dim")
        cells = [Text("\n").join([Text(norm.key, "bold"), *_lines(norm, lang)]), Text(say_limit(norm, lang))]
        force = Text(SEVERITIES[norm.severity].say(lang), "bold" if norm.severity == "hard" else "")
        cells.append(Text("\n").join([force, Text(norm.flag, FLAG_STYLES.get(norm.flag, "magenta"))]))
        table.add_row(*cells, *([source, note] if wide else [Text("\n").join([source, note]) if norm.note.en else source]))
    table.caption = "  ".join(f"{flag} {FLAG_MEANINGS[flag].say(lang)}" for flag in FLAGS)
    return table


def say_limit(norm: Norm, lang: Lang) -> str:
    """Return comparator, value and unit as people write them."""
    if norm.unit == YES_NO_UNIT and norm.value in YES_NO:
        return YES_NO[int(norm.value)].say(lang)
    if norm.unit in {"record", "rule"}:
        return ON_RECORD.say(lang)
    unit = name_unit(norm.unit).say(lang)
    return f"{COMPARATORS[norm.comparator]}{norm.value:,.10g} {unit}".strip()


def say_source(norm: Norm, lang: Lang) -> str:
    """Return instrument, number, article, year and validity; in words where no instrument stands behind the value."""
    where = " ".join(part for part in (norm.instrument, norm.number, norm.article) if part) or OWN.say(lang)
    year = "" if norm.year is None or str(norm.year) in where else f" ({norm.year})"
    dates = f"{norm.valid_from} – {norm.valid_to}".strip() if norm.valid_from or norm.valid_to else ""
    return where + year + (f"\n{dates}" if dates else "")


def _lines(norm: Norm, lang: Lang) -> Iterator[Text]:
    """Yield what the key is called, then the grades and modes that it covers."""
    name = name_norm(norm.key).say(lang)
    if name:
        yield Text(name)
    covers = [name_band("", norm.grades).say(lang)] if norm.grades else []
    covers += [MODES[mode].say(lang) for mode in norm.modes]
    if covers:
        yield Text(("、" if lang == "zh" else ", ").join(covers), "cyan")

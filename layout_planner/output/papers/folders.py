"""Folders of papers: written beside their place and then renamed, so that they are old or new but never half."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from layout_planner.errors import InputError, Problem
from layout_planner.output.offline import seal_page
from layout_planner.output.pages import render_page
from layout_planner.output.papers.dossiers import (
    DATA,
    data_bytes,
    describe_school,
    file_stem,
    index_page,
    lay_base,
    list_schools,
    page_of,
    plain_name,
    text_bytes,
)
from layout_planner.output.papers.print_pdf import NoPdfError, choose_printer, spell_undrawable
from layout_planner.output.papers.village_sheets import SheetMaker, list_townships, township_page
from layout_planner.whole import replaced_folder
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from layout_planner.output.papers.facts import Dossier
    from layout_planner.output.papers.stored import Papers
    from layout_planner.words import Lang

    OnStep = Callable[[Words], None]

TEXTS, SHEETS = "text", "sheets.json"


class PaperPrinter:
    """Turns pages into sealed HTML and, where this machine can, into PDF; remembers why not and what could not be drawn."""

    def __init__(self, *, pdf: bool) -> None:
        self.remarks: list[Words] = []
        self._undrawn: set[str] = set()
        self._print: Callable[[str], bytes] | None = None
        if pdf:
            try:
                self._print = choose_printer()
            except NoPdfError as error:
                self.remarks.append(error.message)

    @property
    def prints(self) -> bool:
        """Whether PDF can be made."""
        return self._print is not None

    def html(self, template: str, page: dict[str, Any], lang: Lang, links: Collection[str] = (), *, only: Lang | None = None) -> str:
        """Return a page in both languages, or in `only` one, ready to be opened offline."""
        return seal_page(render_page(template, page, lang, only=only), links)

    def pdf(self, template: str, page: dict[str, Any], lang: Lang) -> bytes:
        """Return a page in one language as PDF; only where `prints`."""
        if self._print is None:
            msg = "there is no printer"
            raise ValueError(msg)
        html, undrawn = spell_undrawable(seal_page(render_page(template, page, lang, only=lang)))
        self._undrawn.update(undrawn)
        return self._print(html)

    def all_remarks(self) -> list[Words]:
        """Return what the reader must know of the PDFs."""
        if not self._undrawn:
            return self.remarks
        codes = ", ".join(f"U+{ord(letter):04X}" for letter in sorted(self._undrawn))
        said = Words(
            f"PDF 中有{len(self._undrawn)}个字符本机字体画不出，已写成编码：{codes}",
            f"{len(self._undrawn)} letters in the PDFs are in no font of this machine and stand as codes: {codes}",
        )
        return [*self.remarks, said]


def write_dossiers(
    papers: Papers, out: Path, lang: Lang, *, pdf: bool = True, only: Collection[str] = (), on_step: OnStep | None = None
) -> tuple[Path, list[Words]]:
    """Write the dossiers of a run into `out`/<run> and return the folder and what could not be made.

    Parameters
    ----------
    pdf : also one PDF a school, where this machine can print Chinese.
    only : ids of the schools to write; all when empty.

    Raises
    ------
    OutputError : the place cannot be written, or holds something that is no folder of dossiers.
    """
    say = on_step or (lambda _: None)
    printer, base = PaperPrinter(pdf=pdf), lay_base(papers.view)
    ids = [key for key in list_schools(papers) if not only or key in only]
    _refuse_nothing(
        ids, Words("没有需要档案的学校（现在和方案中都不开办）", "no school asks for a dossier: none is open today or under the plan")
    )
    say(Words("汇总各校台账", "gathering the registers"))
    dossiers = [describe_school(papers, key) for key in ids]
    place = out / papers.view.name
    with replaced_folder(place, mark=DATA) as folder:
        (folder / TEXTS).mkdir()
        for number, dossier in enumerate(dossiers, start=1):
            say(Words(f"写出档案 {number}/{len(dossiers)}：{dossier.name.zh}", f"dossier {number} of {len(dossiers)}: {dossier.name.en}"))
            _write_one(papers, base, dossier, folder, printer, lang)
        kinds = ("html", "pdf") if printer.prints else ("html",)
        index = index_page(papers, dossiers, kinds)
        links = [link for row in index["rows"] for _, link in row["links"]]
        (folder / "index.html").write_text(printer.html("papers/dossiers.html", index, lang, links), encoding="utf-8")
        (folder / DATA).write_bytes(data_bytes(papers, dossiers))
    return place, printer.all_remarks()


def write_sheets(
    papers: Papers, out: Path, lang: Lang, *, pdf: bool = True, only: Collection[str] = (), on_step: OnStep | None = None
) -> tuple[Path, list[Words]]:
    """Write one page a settlement into `out`/<run>, a file a township, and return the folder and what could not be made.

    Parameters
    ----------
    only : ids of the settlements to write; all that have pupils when empty.

    Raises
    ------
    OutputError : the place cannot be written, or holds something that is no folder of sheets.
    """
    say = on_step or (lambda _: None)
    printer, maker = PaperPrinter(pdf=pdf), SheetMaker(papers, lay_base(papers.view), lang)
    townships = {name: [key for key in keys if not only or key in only] for name, keys in list_townships(papers).items()}
    townships = {name: keys for name, keys in townships.items() if keys}
    _refuse_nothing(
        townships,
        Words("没有需要告知单的居民点（本学年没有学生）", "no settlement asks for a sheet: none of them has pupils in this school year"),
    )
    place = out / papers.view.name
    with replaced_folder(place, mark=SHEETS) as folder:
        files = []
        for number, (township, keys) in enumerate(townships.items(), start=1):
            shown = township or "—"
            say(Words(f"写出告知单 {number}/{len(townships)}：{shown}", f"sheets {number} of {len(townships)}: {shown}"))
            page, stem = township_page(maker, township, keys), f"{number:02d}-{plain_name(township)}".strip("-")
            html = printer.html("papers/sheets.html", page, lang, only=lang)
            (folder / f"{stem}.html").write_text(html, encoding="utf-8", newline="\n")
            if printer.prints:
                (folder / f"{stem}.pdf").write_bytes(printer.pdf("papers/sheets.html", page, lang))
            files.append({"township": township, "file": stem, "settlements": keys})
        content = {"schema": 1, "run": papers.view.name, "digest": papers.digest, "files": files}
        (folder / SHEETS).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    return place, printer.all_remarks()


def _refuse_nothing(found: Collection[str], what: Words) -> None:
    """Refuse to write an empty folder.

    Raises
    ------
    InputError : nothing was found.
    """
    if not found:
        raise InputError([Problem("RUN", what, Words("换一个编号，或不加选择", "choose another, or do not choose"))])


def _write_one(papers: Papers, base: Any, dossier: Dossier, folder: Path, printer: PaperPrinter, lang: Lang) -> None:  # noqa: ANN401
    stem = file_stem(dossier.school_id)
    (folder / f"{stem}.html").write_text(
        printer.html("papers/dossier.html", page_of(papers, base, dossier), lang), encoding="utf-8", newline="\n"
    )
    (folder / TEXTS / f"{stem}.md").write_bytes(text_bytes(papers, dossier, lang))
    if printer.prints:
        (folder / f"{stem}.pdf").write_bytes(printer.pdf("papers/dossier.html", page_of(papers, base, dossier, only=lang), lang))

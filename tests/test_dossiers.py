"""Dossiers of schools: what they say, that they say it as text, that two versions can be compared, and that no letter prints as a box."""

import dataclasses
import json
import re
from html import unescape

import pandas as pd
import pytest
from click.testing import CliRunner

from layout_planner.cli import main
from layout_planner.errors import InputError, OutputError
from layout_planner.output.papers import print_pdf
from layout_planner.output.papers.dossiers import DATA, describe_school, file_stem, lay_base, list_schools, page_of
from layout_planner.output.papers.facts import as_text
from layout_planner.output.papers.folders import PaperPrinter, write_dossiers
from layout_planner.output.papers.policy import DECISIONS, decide
from layout_planner.output.papers.report_text import describe_report
from layout_planner.output.papers.site_map import school_map
from layout_planner.output.papers.stored import read_papers
from layout_planner.output.papers.versions import compare_versions, data_of, read_version
from layout_planner.output.run_folder import write_run
from layout_planner.pipeline import run_scenario
from tests.broken import GOOD
from tests.paper_runs import NASTY, make_papers


@pytest.fixture(scope="module")
def papers():
    return make_papers()


@pytest.fixture(scope="module")
def tiny_run(tmp_path_factory):
    """Return the folder of the tiny county's run."""
    return write_run(run_scenario(GOOD / "scenario.toml"), tmp_path_factory.mktemp("runs"), "zh")


@pytest.fixture(scope="module")
def written(papers, tmp_path_factory):
    return write_dossiers(papers, tmp_path_factory.mktemp("dossiers"), "zh", pdf=False)[0]


def test_a_dossier_tells_map_register_and_policy(papers):
    dossier = describe_school(papers, papers.view.mergers[0])
    assert [part.key for part in dossier.parts] == [
        "decision", "register", "conditions", "history", "catchment", "buses", "otherwise", "safeguards", "money", "posts",
    ]  # fmt: skip
    assert dossier.decision in {"closed", "converted"}
    assert dossier.verdict == "fail"
    register = {line.key: line.cells for line in dossier.part("register").lines}
    site = papers.view.schools.loc[dossier.school_id]
    assert [cell.en for cell in register["pupils"][1:]] == [f"{site['pupils_today']:,}", f"{site['pupils_plan']:,}"]
    assert [line.cells[0].en for line in dossier.part("history").lines[:2]] == ["2024", "2025"]
    assert dossier.part("history").lines[0].cells[1].en == "20"
    assert {line.key.split(".")[0] for line in dossier.part("posts").lines} == {"county", "township", "village", "school"}
    states = [line.state for line in dossier.part("safeguards").lines]
    assert states == sorted(states, key=["bad", "unknown", "good"].index)


def test_catchment_adds_up_to_the_pupils_of_the_school(papers):
    for school_id in list_schools(papers):
        lines = describe_school(papers, school_id).part("catchment").lines
        for column, when in ((1, "today"), (2, "plan")):
            total = sum(int(line.cells[column].en.replace(",", "")) for line in lines)
            assert total == papers.view.schools.at[school_id, f"pupils_{when}"]


def test_every_school_says_why_and_what_if_not(papers):
    for school_id in list_schools(papers):
        dossier = describe_school(papers, school_id)
        assert dossier.decision in DECISIONS
        assert len(dossier.part("decision").lines) >= (1 if dossier.decision == "none" else 2)
        assert dossier.part("otherwise").lines
        assert all(cell.zh or cell.en for line in dossier.part("decision").lines for cell in line.cells)


def test_a_school_that_only_loses_a_band_is_converted(papers):
    school_id = list_schools(papers)[0]
    schools = papers.view.schools.copy()
    schools.loc[school_id, ["bands_today", "bands_plan"]] = ["lower_primary,upper_primary", "lower_primary"]
    changed = dataclasses.replace(papers, view=dataclasses.replace(papers.view, schools=schools))
    assert decide(changed, school_id) == "converted"


def test_hostile_texts_stay_text_in_page_map_text_and_data(papers, written):
    for at, school_id in enumerate(papers.view.schools.index):
        page = (written / f"{file_stem(school_id)}.html").read_text("utf-8")
        nasty = NASTY[at % len(NASTY)]
        assert "<img src=x" not in page
        assert "window.__hacked=1</script>" not in page
        assert " ".join(nasty.split()) in " ".join(unescape(page).split())
        assert "49" not in re.findall(r"<h1>.*?</h1>", page)[0]
    stored = json.loads((written / DATA).read_text("utf-8"))
    assert set(stored["schools"]) == set(list_schools(papers))
    for school_id in stored["schools"]:
        lines = (written / "text" / f"{file_stem(school_id)}.md").read_text("utf-8").splitlines()
        assert lines[0].endswith(f"({school_id})")
        assert not [line for line in lines if not re.match(r"(# |## |- |版本 |$)", line)]


def test_the_same_run_gives_the_same_bytes_whatever_the_order_of_rows(papers, written, tmp_path):
    view = papers.view
    shuffled = dataclasses.replace(view, trips=view.trips.sample(frac=1, random_state=5).reset_index(drop=True))
    again, _ = write_dossiers(dataclasses.replace(papers, view=shuffled), tmp_path, "zh", pdf=False)
    names = sorted(path.relative_to(written) for path in written.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    for name in names:
        assert (again / name).read_bytes() == (written / name).read_bytes(), name


def test_file_names_are_safe_and_differ():
    ids = ["2152990101", "A/B", "A\\B", "..", "x" * 300, "学校", "a b"]
    stems = [file_stem(one) for one in ids]
    assert len(set(stems)) == len(ids)
    assert stems[0] == "2152990101"
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,80}", stem) for stem in stems)


def test_the_map_holds_the_school_its_villages_and_no_script(papers):
    svg = school_map(papers, lay_base(papers.view), list_schools(papers)[0], "zh")
    assert svg.startswith("<svg")
    assert svg.count("<circle") >= len(papers.trips_of(list_schools(papers)[0])["settlement_id"].unique())
    assert "<script" not in svg
    assert "北" in svg
    assert "公里" in svg


def test_versions_differ_in_the_facts_that_changed_and_nowhere_else(papers, written):
    school_id = list_schools(papers)[0]
    schools = papers.view.schools.copy()
    schools.loc[school_id, "buses_plan"] += 3
    changed = dataclasses.replace(papers, view=dataclasses.replace(papers.view, schools=schools))
    changes = compare_versions(read_version(written), data_of(changed))
    assert [(change.school_id, change.key) for change in changes] == [(school_id, "buses")]
    assert compare_versions(read_version(written), data_of(papers)) == []
    gone = data_of(papers)
    del gone["schools"][school_id]
    assert [change.kind.en for change in compare_versions(read_version(written), gone)] == ["gone"]


def test_a_folder_that_is_no_version_is_refused(tmp_path):
    with pytest.raises(InputError, match="neither"):
        read_version(tmp_path)
    (tmp_path / DATA).write_text("[]", "utf-8")
    with pytest.raises(InputError, match="neither"):
        read_version(tmp_path)


def test_a_folder_of_others_is_left_alone(papers, tmp_path):
    place = tmp_path / papers.view.name
    place.mkdir()
    (place / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(OutputError):
        write_dossiers(papers, tmp_path, "zh", pdf=False)
    assert [path.name for path in place.iterdir()] == ["mine.txt"]


def test_nothing_half_written_stays_when_writing_fails(papers, tmp_path, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("layout_planner.output.papers.folders.data_bytes", fail)
    with pytest.raises(KeyboardInterrupt):
        write_dossiers(papers, tmp_path, "zh", pdf=False, only=list_schools(papers)[:1])
    assert list(tmp_path.iterdir()) == []


def test_without_a_chinese_font_there_is_a_sentence_and_no_pdf(papers, tmp_path, monkeypatch):
    monkeypatch.setattr(print_pdf, "drawable", lambda: frozenset(range(256)))
    place, remarks = write_dossiers(papers, tmp_path, "zh", pdf=True, only=list_schools(papers)[:1])
    assert not list(place.glob("*.pdf"))
    assert list(place.glob("*.html"))
    assert "fonts-noto-cjk" in remarks[0].en


def test_without_any_printer_there_is_a_sentence_and_no_pdf(papers, tmp_path, monkeypatch):
    monkeypatch.setattr(print_pdf, "drawable", lambda: frozenset(map(ord, print_pdf.PROBE)))
    monkeypatch.setattr(print_pdf, "find_browser", lambda: None)
    monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    place, remarks = write_dossiers(papers, tmp_path, "zh", pdf=True, only=list_schools(papers)[:1])
    assert not list(place.glob("*.pdf"))
    assert "layout-planner[papers]" in remarks[0].en


def test_letters_that_no_font_draws_stand_as_codes(monkeypatch):
    monkeypatch.setattr(print_pdf, "drawable", lambda: frozenset(map(ord, "村学校&<AB")))
    html, undrawn = print_pdf.spell_undrawable("<head><title>🏫</title></head><body><p title='🏫'>村🏫&lt;A&amp;B\u200f</p></body>")
    assert html.endswith("<body><p title='🏫'>村[U+1F3EB]&lt;A&amp;B\u200f</p></body>")
    assert undrawn == ["🏫"]


def test_a_dossier_prints(papers):
    pytest.importorskip("weasyprint")
    printer = PaperPrinter(pdf=True)
    if not printer.prints:
        pytest.skip(printer.remarks[0].en)
    school_id = list_schools(papers)[-1]
    page = page_of(papers, lay_base(papers.view), describe_school(papers, school_id), only="zh")
    first, second = (printer.pdf("papers/dossier.html", page, "zh") for _ in range(2))
    assert first.startswith(b"%PDF")
    assert first == second
    assert len(first) < 1_500_000


def test_a_run_holds_what_papers_need_and_the_verb_writes_them(tiny_run, tmp_path):
    stored = read_papers(tiny_run)
    assert list(stored.posts["level"]) == ["county", "township", "school"]
    assert set(stored.history["school_id"]) <= set(stored.view.schools.index)
    certificate = json.loads((tiny_run / "certificate.json").read_text("utf-8"))
    assert {"posts.parquet", "school_register.parquet", "school_conditions.parquet"} <= set(certificate["files"])
    result = CliRunner().invoke(main, ["dossier", str(tiny_run), "--out", str(tmp_path), "--no-pdf", "--lang", "en"])
    assert result.exit_code == 0, result.output
    index = (tmp_path / "tiny" / "index.html").read_text("utf-8")
    assert 'href="P1.html"' in index
    text = (tmp_path / "tiny" / "text" / "P1.md").read_text("utf-8")
    assert "- school | principal | telling parents" in text
    assert "- township | head of the township education office | bus lines" in text
    told = CliRunner().invoke(main, ["dossier", str(tiny_run), "--diff", str(tmp_path / "tiny"), "--lang", "en"])
    assert "nothing changed" in told.output


def test_every_comment_of_the_catchment_stands_beside_its_answer():
    base = make_papers()
    school = base.view.mergers[0]
    homes = sorted(set(base.trips_of(school)["settlement_id"]))
    others = sorted(set(base.view.settlements.index) - set(homes))
    blank = {"scenario": "", "plan_hash": "", "written_on": "2027-03-05", "answer": "", "answered_on": "", "answered_by": ""}
    rows = [
        {**blank, "comment_id": "a", "settlement_id": homes[0], "stance": "against", "text": NASTY[4]},
        {
            **blank,
            "comment_id": "b",
            "settlement_id": homes[0],
            "stance": "question",
            "text": "几点的车？",
            "answer": "七点",
            "answered_by": "县教育局",
        },
        {**blank, "comment_id": "c", "settlement_id": homes[0], "stance": "for", "text": "好"},
        {**blank, "comment_id": "d", "settlement_id": others[0], "stance": "against", "text": "elsewhere"},
    ]
    papers = make_papers(objections=pd.DataFrame(rows))
    lines = {line.key: line for line in describe_school(papers, school).part("objections").lines}
    assert set(lines) == {"objection.a", "objection.b", "objection.c"}
    assert (lines["objection.a"].state, lines["objection.a"].cells[3].en) == ("bad", "no answer yet")
    assert (lines["objection.b"].state, lines["objection.b"].cells[3].zh) == ("good", "七点 县教育局")
    assert (lines["objection.c"].state, lines["objection.c"].cells[3].zh) == ("", "")
    html = PaperPrinter(pdf=False).html(
        "papers/dossier.html", page_of(papers, lay_base(papers.view), describe_school(papers, school)), "zh"
    )
    assert "群众意见与答复" in html
    assert "<img src=x" not in html


def test_schools_are_found_by_name_and_unknown_ones_are_told(tiny_run, tmp_path):
    result = CliRunner().invoke(main, ["dossier", str(tiny_run), "--out", str(tmp_path), "--no-pdf", "--school", "甲小学", "--lang", "en"])
    assert result.exit_code == 0, result.output
    assert [path.name for path in sorted((tmp_path / "tiny").glob("*.html"))] == ["P1.html", "index.html"]
    wrong = CliRunner().invoke(main, ["dossier", str(tiny_run), "--school", "no such", "--school", "nor this", "--lang", "en"])
    assert wrong.exit_code == 3
    assert wrong.output.count("--school") == 2


def test_text_form_holds_one_fact_a_line(papers):
    dossier = describe_school(papers, list_schools(papers)[0])
    text = as_text([dossier], "en")
    assert text.count("\n- ") == sum(len(part.lines) for part in dossier.parts)


def test_a_run_of_an_older_version_is_refused(tiny_run, tmp_path):
    import shutil

    old = shutil.copytree(tiny_run, tmp_path / "old")
    (old / "school_register.parquet").unlink()
    with pytest.raises(InputError):
        read_papers(old)
    stored = read_papers(tiny_run)
    assert isinstance(stored.otherwise, pd.DataFrame)
    report = describe_report([stored])
    assert "ways" in [section.key for section in report.sections]

import dataclasses
import re
from html import unescape

import pytest

from layout_planner.errors import OutputError
from layout_planner.names import FORMS, VERDICTS
from layout_planner.output import report
from layout_planner.output.map_data import State, encode_map, read_words, site_status, summarise_state
from layout_planner.output.maps import write_compare_map, write_map
from layout_planner.output.packing import unpack_lines
from layout_planner.output.pages import list_cures, show_finding, show_number, write_compare_page, write_gate_page
from layout_planner.output.report import write_report
from tests.views import HOSTILE, make_findings, make_view


@pytest.fixture(scope="module")
def view():
    made = make_view()
    return dataclasses.replace(made, measures={when: summarise_state(made, when) for when in ("today", "plan")})


def test_gate_page_says_verdict_first_then_every_finding(view, tmp_path):
    write_gate_page(view, tmp_path / "gate.html", "zh")
    page = unescape((tmp_path / "gate.html").read_text("utf-8"))

    assert page.index("保障不到位，不得撤并") < page.index("拟撤并的学校")
    refused = [finding for finding in view.findings if finding.verdict != "pass"]
    assert page.count('<li class="finding') == len(refused)
    assert page.count('<tr class="done">') == len(view.findings) - len(refused)
    assert page.index("必须办理的事项") < page.index('<li class="finding') < page.index('<tr class="done">')
    for finding in view.findings:
        assert finding.text.zh in page
        assert finding.text.en in page
        assert finding.source.split(" [")[0] in page
    assert "✗" in page
    assert "? <span" in page
    assert "38 / 30 <span" in page
    assert 'class="flag weak">A<' in page
    assert view.settlements["name"].iloc[0] in page


def test_every_cure_stands_once_and_the_widest_first(view):
    cures = list_cures(view)
    assert len({cure["text"] for cure in cures}) == len(cures)
    assert [cure["count"] for cure in cures] == sorted((cure["count"] for cure in cures), reverse=True)
    assert sum(cure["count"] for cure in cures) == sum(finding.verdict != "pass" for finding in view.findings)
    assert cures[0]["text"][0] == "召开听证会并填入 evidence 表"
    assert len(cures[0]["schools"]) == len(view.mergers)


def test_gate_page_of_no_merger_and_of_thirty(tmp_path):
    many = make_view(schools=60, hostile=False)
    thirty = tuple(many.schools.index[:30])
    many = dataclasses.replace(many, mergers=thirty, findings=make_findings(thirty, many.settlements.index))
    for shown in (many, dataclasses.replace(many, mergers=(), findings=make_findings((), many.settlements.index), verdict="pass")):
        write_gate_page(shown, tmp_path / "gate.html", "en")
        page = (tmp_path / "gate.html").read_text("utf-8")
        assert page.count("<h3>") == len(shown.mergers)
        assert ("What must be done" in page) == bool(shown.mergers)
        assert not re.search(r">\s*nan\b|\(\)|（）", page.split("</head>")[1])


def test_figures_are_shown_in_their_unit(view):
    def shown(**values):
        return show_finding(dataclasses.replace(view.findings[0], verdict="fail", **values), view)

    share = shown(measured=0.525, limit=0.5, unit="share")
    assert (share["measured"][0], share["limit"], share["unit"][0]) == ("52.5", "50", "%")
    assert shown(measured=30.04, limit=30.0, unit="min")["measured"][0] == "30.04"
    assert shown(measured=float("inf"), limit=30.0, unit="min")["measured"] == ("没有去处", "without a way or place")
    assert shown(measured=1.0, limit=1.0, unit="record")["measured"] == ("", "")


def test_map_calls_forms_and_verdicts_what_findings_call_them():
    words = read_words()
    for kind, names in (("form", FORMS), ("verdict", VERDICTS)):
        assert {key: words[f"{kind}.{key}"] for key in names} == {key: tuple(name) for key, name in names.items()}


@pytest.mark.parametrize("write", [write_gate_page, write_report])
def test_hostile_words_stay_text(view, tmp_path, write):
    write(view, tmp_path / "page.html", "en")
    page = (tmp_path / "page.html").read_text("utf-8")

    assert "<script>window" not in page
    assert "<img src=x" not in page
    assert "{{7*7}}&lt;/title&gt;" in page
    assert page.startswith("<!DOCTYPE html>")


def test_report_holds_figures_charts_sources_and_those_left_at_risk(view, tmp_path):
    write_report(view, tmp_path / "report.html", "zh")
    page = (tmp_path / "report.html").read_text("utf-8")
    left = view.trips[(view.trips["when"] == "plan") & (view.trips["cause"] != "")]

    assert page.count("data:image/svg+xml") == 6
    assert "a" * 64 in page
    assert page.count("⚠") == len(left)
    assert f"{summarise_state(view, 'plan')['at_risk']:,.0f}" in page


def test_a_change_is_that_of_the_figures_beside_it(view):
    """52.84 less 51.66 are 1.18, shown as 1.2; but 52.8 and 51.7 stand beside it. 123,449 and 123,551 yuan differ by 0.01 of 10,000."""
    measured = {"today": {"p90_minutes": 52.84, "cost_yuan": 123_449.0}, "plan": {"p90_minutes": 51.66, "cost_yuan": 123_551.0}}
    rows = report._compare_measures(dataclasses.replace(view, measures=measured))
    assert [(row["today"], row["plan"], row["change"]) for row in rows] == [("52.8", "51.7", "-1.1"), ("12.3", "12.4", "+0.1")]


def test_report_falls_back_to_english_charts_without_a_chinese_font(view, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "CJK_FONTS", ())

    write_report(view, tmp_path / "report.html", "zh")

    images = re.findall(r'src="(data:image/svg[^"]+)"', (tmp_path / "report.html").read_text("utf-8"))
    assert images[0] == images[1]


def test_compare_page_has_a_column_a_run(view, tmp_path):
    other = dataclasses.replace(view, name="keep-all", mergers=(), verdict="pass")
    write_compare_page([view, other], tmp_path / "compare.html", "en")
    page = (tmp_path / "compare.html").read_text("utf-8")

    assert "merge-2027" in page
    assert "keep-all" in page
    assert "This plan merges no school" in page


def test_same_run_gives_the_same_bytes(view, tmp_path):
    for write in (write_map, write_gate_page, write_report):
        write(view, tmp_path / "a.html", "zh")
        write(make_like(view), tmp_path / "b.html", "zh")
        assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def make_like(view):
    return dataclasses.replace(make_view(), measures=view.measures)


def test_compare_map_takes_two_to_five_runs(view, tmp_path):
    for views in ([view], [view] * 6):
        with pytest.raises(OutputError):
            write_compare_map(views, tmp_path / "compare.html", "zh")


def test_blob_keeps_names_minutes_and_pupils(view):
    blob = encode_map([State(view, "today"), State(view, "plan")], "zh")
    trips = blob["states"][1]["trips"]
    rows = [trips[at : at + 11] for at in range(0, len(trips), 11)]

    assert set(HOSTILE) <= set(blob["villages"]["name"])
    assert sum(row[4] for row in rows) == view.settlements["pupils"].sum()
    assert blob["villages"]["pinyin"][0] == "dapingcun"
    assert blob["villages"]["initials"][0] == "dpc"
    unserved = view.trips[(view.trips["when"] == "plan") & (view.trips["mode"] == "unserved")]
    assert sum(row[2] == -1 and row[5] == -1 for row in rows) == len(unserved)


def test_roads_stay_where_they_are_and_close_together(view):
    blob = encode_map([State(view, "today"), State(view, "plan")], "zh")
    west, south, east, north = (round(1e5 * edge) for edge in view.roads.total_bounds)
    for _, lines in blob["roads"]:
        for line in unpack_lines(lines):
            assert west - 2 <= sum(line[0::2]) <= east + 2
            assert south - 2 <= sum(line[1::2]) <= north + 2


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ("", "", "none"),
        ("a", "a", "kept"),
        ("a", "a,b", "kept"),
        ("a,b", "a", "reduced"),
        ("a", "", "closed"),
        ("", "a", "opened"),
    ],
)
def test_site_status(before, after, status):
    assert site_status(before, after) == status


def test_run_without_roads_boundary_mergers_or_findings_is_drawn(view, tmp_path):
    bare = dataclasses.replace(
        view,
        roads=view.roads.iloc[:0],
        boundary=None,
        mergers=(),
        findings=(),
        notes=(),
        sources=(),
        verdict="pass",
        measures={"today": {}, "plan": {}},
    )
    for write in (write_map, write_gate_page, write_report):
        write(bare, tmp_path / "bare.html", "en")
        assert "OpenStreetMap contributors, ODbL" not in (tmp_path / "bare.html").read_text("utf-8").split("planner-data", 1)[0]


@pytest.mark.parametrize(
    ("value", "shown"), [(None, ""), (float("inf"), "∞"), (38.0, "38"), (1234.56, "1,234.6"), (0.0, "0"), (100.0, "100")]
)
def test_number(value, shown):
    assert show_number(value) == shown

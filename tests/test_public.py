"""What is published holds no small count, no count of a village, and the same hidden cells in every scenario."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner

from layout_planner.assess.townships import sum_townships
from layout_planner.cli import main
from layout_planner.compare import MEASURES
from layout_planner.county.inputs import read_county
from layout_planner.errors import InputError, OutputError
from layout_planner.output.public import COUNTED, DRAWN, SIZES, public_view, publish_run, size_class
from layout_planner.output.run_folder import TOWNSHIP_GROUPS
from layout_planner.output.run_view import describe_view, write_view_tables
from layout_planner.scenario import read_scenario
from tests.broken import GOOD
from tests.test_privacy import LEAST, assert_safe, publications_of
from tests.views import make_view

GROUPS = pd.DataFrame(
    {"left_behind": [20, 3, 7, 41], "disabled": [1, 2, 9, 30]}, index=pd.Index(["甲镇", "乙乡", "丙乡", "丁镇"], name="township")
)


def store(view, folder, groups=GROUPS):
    folder.mkdir(parents=True)
    write_view_tables(view, folder)
    (folder / "run.json").write_text(json.dumps({"view": describe_view(view)}, ensure_ascii=False), encoding="utf-8")
    if groups is not None:
        groups.to_parquet(folder / TOWNSHIP_GROUPS)
    return folder


@pytest.fixture(scope="module")
def view():
    return make_view(60, 12)


@pytest.fixture(scope="module")
def published(view, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    other = replace(view, name="other", measures={when: dict(figures) for when, figures in view.measures.items()})
    out = tmp_path_factory.mktemp("public")
    return [publish_run(store(one, folder / one.name), out, "zh", LEAST) for one in (view, other)]


def blob_of(path):
    return json.loads(re.search(r'id="planner-data">(.*?)</script>', path.read_text(encoding="utf-8"), re.DOTALL)[1])


def test_the_map_holds_classes_instead_of_counts(published, view):
    data = blob_of(published[0][0])
    assert set(data["villages"]["pupils"]) <= set(DRAWN)
    assert data["villages"]["size"] == size_class(view.settlements["pupils"].to_numpy(dtype=float)).tolist()
    for state in data["states"]:
        assert set(state["trips"][4::11]) <= {1}
        assert all(value in {0, -1} or value >= LEAST for value in (*state["pupils"], *state["boarders"]))
    assert {source[0] for source in data["sources"]} <= {"roads"}
    assert data["words"]["internal"] == ["公开版", "Public version"]


def test_a_class_tells_no_small_number():
    assert size_class(np.array([0.0, 1.0, 4.0, 5.0, 19.0, 20.0, 1e6])).tolist() == [0, 1, 1, 2, 2, 3, 5]
    assert SIZES[1:3] == (1, LEAST)


def test_findings_stand_without_their_sentences(view):
    shown = public_view(view, LEAST)
    assert {(f.subject, f.rule, f.verdict) for f in shown.findings} == {(f.subject, f.rule, f.verdict) for f in view.findings}
    assert len(shown.findings) == len({(f.subject, f.rule, f.verdict) for f in shown.findings})
    assert all(f.measured is None and not f.settlements and not f.evidence and not any(f.cure) for f in shown.findings)
    assert set(shown.settlements.columns).isdisjoint({"left_behind", "poor", "disabled", *(f"pupils_{band}" for band in view.bands)})


def read_groups(path):
    book = openpyxl.load_workbook(path)
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    book.close()
    table = pd.DataFrame([row[1:] for row in rows[1:]], index=[row[0] for row in rows[1:]], dtype=object)
    return table.map(lambda value: pd.NA if value == "·" else value)


def test_two_publications_are_attacked_by_their_difference(published):
    one, two = (read_groups(paths[2]) for paths in published)
    pd.testing.assert_frame_equal(one, two)
    figures = publications_of(one.loc[[*GROUPS.index, "全县"]], 2, additive=False)
    assert_safe([*figures, *figures], GROUPS.to_numpy().ravel())


def test_the_report_prints_the_same_cells(published):
    for paths in published:
        page = paths[1].read_text(encoding="utf-8")
        rows = dict(re.findall(r'<td><bdi><span lang="zh-CN">(.*?)</span><span lang="en">.*?</bdi></td>(.*?)</tr>', page))
        told = read_groups(paths[2])
        for name, row in told.iterrows():
            printed = re.findall(r'<td class="n">(.*?)</td>', rows[name])
            assert printed == ["·" if value is pd.NA else f"{value:,}" for value in row]
        assert "公开版" in page
        assert "内部使用" not in page


def test_small_figures_of_the_county_are_not_printed(view, tmp_path):
    measures = {when: {**figures, "at_risk": 3.0, "unserved": 0.0} for when, figures in view.measures.items()}
    paths = publish_run(store(replace(view, measures=measures), tmp_path / "run"), tmp_path / "public", "en", LEAST)
    assert paths[1].read_text(encoding="utf-8").count("&lt;5") >= 2
    assert [state["figures"]["at_risk"] for state in blob_of(paths[0])["states"]] == [-1, -1]
    assert [state["figures"]["unserved"] for state in blob_of(paths[0])["states"]] == [0, 0]


def test_counts_by_township_are_those_of_the_table():
    # 东乡: S1 and S2 with 10 and 3; 西乡: S3, S4, S5 with 6, 2 and 2
    table = sum_townships(read_county(read_scenario(GOOD / "scenario.toml")))
    assert table["left_behind"].to_dict() == {"东乡": 13, "西乡": 10}
    assert list(table.columns) == ["left_behind"]


def test_an_internal_run_is_never_overwritten(view, tmp_path):
    run = store(view, tmp_path / view.name)
    with pytest.raises(OutputError):
        publish_run(run, tmp_path, "zh", LEAST)
    assert (run / "run.json").is_file()


def test_a_run_without_counts_is_told(view, tmp_path):
    with pytest.raises(InputError):
        publish_run(store(view, tmp_path / "run", groups=None), tmp_path / "public", "zh", LEAST)


def test_the_verb_names_what_it_wrote(view, tmp_path):
    run = store(view, tmp_path / "run")
    done = CliRunner().invoke(main, ["publish", str(run), "--out", str(tmp_path / "public"), "--lang", "en"])
    assert done.exit_code == 0
    assert [line.rsplit("/", 1)[-1] for line in done.stdout.splitlines()] == ["map.html", "report.html", "tables.xlsx"]
    assert CliRunner().invoke(main, ["publish", str(tmp_path / "nothing")]).exit_code == 3


def test_every_figure_that_counts_children_is_known_as_one():
    """A new figure must be put here or into COUNTED, so that none is published by oversight."""
    harmless = {
        "pupils",
        "sites_open",
        "small_sites",
        "new_beds",
        "buses",
        "cost_yuan",
        "capital_yuan",
        "pupil_minutes",
        "worst_minutes",
        "mean_minutes",
        "p90_minutes",
        "gini",
    }
    assert set(MEASURES) == {*COUNTED, *harmless, "walk_beyond_share"}


def test_the_review_number_of_the_scenario_stands_on_every_map(view, tmp_path):
    reviewed = replace(view, review_number="黔S(2027)001号")
    path = publish_run(store(reviewed, tmp_path / "run"), tmp_path / "out", "zh", LEAST)[0]
    assert blob_of(path)["words"]["review"] == ["审图号：黔S(2027)001号", "Map review number: 黔S(2027)001号"]
    assert "＿" in blob_of(publish_run(store(view, tmp_path / "bare"), tmp_path / "other", "zh", LEAST)[0])["words"]["review"][0]

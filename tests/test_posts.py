"""The table of posts: posts and never persons, every fault in its place, rows of excluded schools left out."""

import pandas as pd
import pytest

from layout_planner.county.inputs import read_county
from layout_planner.county.posts import names_a_person
from layout_planner.demo.offices import COUNTY_POSTS, SCHOOL_POST, TOWNSHIP_POSTS, VILLAGE_POST
from layout_planner.errors import InputError
from layout_planner.scenario import read_scenario
from tests.broken import cells, copy_good, write_cells


@pytest.fixture
def folder(tmp_path):
    return copy_good(tmp_path / "county")


def posts_of(folder):
    return read_county(read_scenario(folder / "scenario.toml")).posts


@pytest.mark.parametrize(
    "post",
    ["县教育局局长", "镇教育办主任", "石门乡乡长", "龙井镇镇长", "村委会主任", "甲小学校长", "分管副县长", "校车照管员岗",
     "教育股股长", "网格员",
     "head of the township education office", "Principal", "county transport bureau"],
)  # fmt: skip
def test_posts_are_accepted(post):
    assert not names_a_person(post)


@pytest.mark.parametrize(
    "post",
    ["王某某", "张伟", "王校长", "李四主任", "欧阳副校长", "校长王某某", "书记：李某", "主任（张某某）",
     "Mr Wang", "Dr. Li, head", "Wang Wei", "某某", "13800000000"],
)  # fmt: skip
def test_persons_and_what_is_no_post_are_refused(post):
    assert names_a_person(post)


def test_all_posts_of_the_demo_county_are_posts():
    listed = [*COUNTY_POSTS, *TOWNSHIP_POSTS, VILLAGE_POST, SCHOOL_POST]
    assert not [post for post in listed if names_a_person(post[0].format(township="石门乡", school="甲小学")) or names_a_person(post[1])]


def test_a_name_is_told_by_row_and_column_and_never_repeated(folder):
    rows = cells(folder, "posts.csv")
    rows[1][3], rows[2][2] = "王小明", "无此乡"
    write_cells(folder, "posts.csv", rows)
    with pytest.raises(InputError) as caught:
        posts_of(folder)
    found = {(problem.file, problem.row, problem.column) for problem in caught.value.problems}
    assert found == {("posts.csv", 2, "post"), ("posts.csv", 3, "township")}
    assert "王小明" not in str(caught.value)


def test_an_unknown_school_is_a_fault(folder):
    rows = cells(folder, "posts.csv")
    rows[3][1] = "P9"
    write_cells(folder, "posts.csv", rows)
    with pytest.raises(InputError, match="no such school"):
        posts_of(folder)


def test_posts_of_an_excluded_school_do_not_become_everybodys(folder):
    path = folder / "scenario.toml"
    text = path.read_text(encoding="utf-8")
    for role in ("registers", "cohorts", "outlook", "moves", "evidence"):
        text = text.replace(f"{role} =", f"# {role} =")
    path.write_text(text.replace('{ path = "schools.csv" }', '{ path = "schools.csv", exclude = { P1 = "test" } }'), encoding="utf-8")
    posts = posts_of(folder)
    assert list(posts["level"]) == ["county", "township"]
    assert "甲小学校长" not in set(posts["post"])


def test_levels_run_from_the_county_down_whatever_the_order_of_rows(folder):
    wanted = posts_of(folder)
    header, *rows = cells(folder, "posts.csv")
    write_cells(folder, "posts.csv", [header, *reversed(rows), rows[0]])
    pd.testing.assert_frame_equal(posts_of(folder), wanted)
    assert list(wanted["level"]) == ["county", "township", "school"]

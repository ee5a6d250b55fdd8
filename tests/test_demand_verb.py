"""`layout-planner demand`: the account a clerk can add up, the files and the faults."""

from __future__ import annotations

import json

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.county.demand import count_pupils, forecast_children
from layout_planner.county.inputs import read_county
from layout_planner.county.projection import ACCOUNT_COLUMNS, INCOMING, OUTGOING
from layout_planner.output.demand_tables import round_account, show_accounts
from layout_planner.scenario import read_scenario
from tests.broken import copy_good, point_to
from tests.test_cli import call


@pytest.fixture
def folder(tmp_path):
    """A tiny county whose pupils are a cohorts table with children of every age, and whose outlook and moves are given."""
    copy_good(tmp_path)
    rows = [f"S{home},2026,,{age},{home + age}" for home in range(1, 6) for age in range(15)]
    (tmp_path / "cohorts.csv").write_text("\n".join(["settlement_id,year,grade,age,pupils", *rows]), encoding="utf-8")
    point_to("[data]\n", '[demand]\nsource = "cohorts"\n\n[data]\n')(tmp_path)
    return tmp_path


def test_the_account_adds_up_in_every_form(folder):
    code, stdout, stderr = call("demand", folder / "scenario.toml", "--years", "2026-2031", "--out", folder / "out", "--json")
    assert code == 0, stderr
    told = json.loads(stdout)
    for row in told["accounts"]:
        assert row["opening"] + sum(row[name] for name in INCOMING) - sum(row[name] for name in OUTGOING) == pytest.approx(row["closing"])
    table = pd.read_parquet(folder / "out" / "demand.parquet")
    assert len(table) == 5 * 3 * 6
    scenario = read_scenario(folder / "scenario.toml").model_copy(update={"year": 2031})
    pupils, _ = count_pupils(read_county(scenario), scenario)
    mine = table[(table["variant"] == "mid") & (table["year"] == 2031)].set_index("settlement_id")
    assert mine[list(pupils)].to_numpy().tolist() == pupils.to_numpy().tolist()
    told_2031 = [row for row in told["pupils"] if (row["variant"], row["year"]) == ("mid", 2031)]
    assert told_2031 == [{"variant": "mid", "year": 2031, **{band: int(count) for band, count in pupils.sum().items()}}]
    csv = pd.read_csv(folder / "out" / "demand.csv", encoding="utf-8-sig", dtype={"settlement_id": str})
    assert csv["settlement_id"].tolist() == table["settlement_id"].tolist()
    assert (folder / "out" / "demand.png").read_bytes().startswith(b"\x89PNG")


@settings(max_examples=60)
@given(st.integers(0, 90_000), st.lists(st.lists(st.integers(0, 3000), min_size=8, max_size=8), min_size=1, max_size=4))
def test_whole_children_still_add_up(opening, flows):
    """Thousandths in, whole children out: every row adds up, a year closes as the next one opens, no figure is a child and a half off."""
    rows, names = [], (*INCOMING, *OUTGOING)
    for year, came_and_went in enumerate(flows):
        told = dict(zip(names, came_and_went, strict=False))
        closing = opening + sum(told[name] for name in INCOMING) - sum(told[name] for name in OUTGOING)
        exact = {"opening": opening, **told, "closing": closing, "pupils": opening}
        rows.append({"year": 2027 + year, "township": "", **{name: value / 1000 for name, value in exact.items()}})
        opening = closing
    accounts = pd.DataFrame(rows, columns=list(ACCOUNT_COLUMNS))
    whole = round_account(accounts)
    assert (whole["opening"] + whole[list(INCOMING)].sum(axis=1) - whole[list(OUTGOING)].sum(axis=1) == whole["closing"]).all()
    assert whole["opening"].tolist()[1:] == whole["closing"].tolist()[:-1]
    figures = [name for name in ACCOUNT_COLUMNS if name not in {"year", "township"}]
    assert ((whole[figures] - accounts[figures]).abs() <= 1.5).all().all()


def test_the_same_forecast_gives_the_same_bytes(folder):
    for name in ("one", "two"):
        assert call("demand", folder / "scenario.toml", "--years", "2026-2029", "--out", folder / name)[0] == 0
    for path in sorted((folder / "one").iterdir()):
        assert path.read_bytes() == (folder / "two" / path.name).read_bytes(), path.name


@pytest.mark.parametrize(("lang", "said"), [("zh", "年初儿童"), ("en", "opening")])
def test_tables_are_told_in_the_language_asked_for(folder, lang, said):
    code, stdout, _ = call("demand", folder / "scenario.toml", "--variant", "low", "--lang", lang)
    assert code == 0
    assert said in stdout
    assert "2035" in stdout
    assert "2036" not in stdout


def test_the_workbook_of_a_run_holds_the_account(folder):
    point_to("year = 2026\n\n", "year = 2029\n\n")(folder)
    point_to("[data]\n", "[data]\nyear = 2026\n")(folder)
    code, _, stderr = call("run", folder / "scenario.toml", "--out", folder / "runs", "--lang", "en")
    assert code in {0, 5}, stderr
    book = openpyxl.load_workbook(next((folder / "runs").glob("*/tables.xlsx")))
    rows = list(book["children by year"].iter_rows(values_only=True))
    scenario = read_scenario(folder / "scenario.toml")
    wanted = show_accounts(forecast_children(read_county(scenario), scenario, [2029]).accounts, "en")
    assert rows[0] == tuple(wanted.columns)
    assert len(rows) == 1 + 3 * 3
    assert [row[1] for row in rows[1:4]] == ["county", "东乡", "西乡"]
    assert [list(row[2:]) for row in rows[1:]] == wanted.iloc[:, 2:].to_numpy().tolist()


@pytest.mark.parametrize(
    ("years", "code", "said"),
    [
        ("2025-2030", 3, "cannot be forecast"),
        ("2026-2050", 3, "cannot be forecast"),
        ("2030-2026", 3, "cannot be forecast"),
        ("next", 2, "--years"),
    ],
)
def test_years_that_make_no_sense_are_refused(folder, years, code, said):
    found, _, stderr = call("demand", folder / "scenario.toml", "--years", years, "--lang", "en")
    assert found == code
    assert said in stderr


def test_shares_have_no_ages(folder):
    point_to('source = "cohorts"', "shares = { lower_primary = {}, upper_primary = {}, junior = {} }")(folder)
    code, _, stderr = call("demand", folder / "scenario.toml", "--lang", "en")
    assert code == 3
    assert "have no ages" in stderr


def test_what_is_printed_are_whole_children_that_add_up(folder):
    code, stdout, _ = call("demand", folder / "scenario.toml", "--years", "2026-2032", "--lang", "en", "--out", folder / "out")
    assert code == 0
    assert (pd.read_csv(folder / "out" / "accounts.csv")["migrated_out"] % 1 > 0).any()
    lines = stdout[stdout.index("opening +") :].split("pupils by township")[0].splitlines()
    rows = [[int(cell.strip().replace(",", "")) for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert len(rows) == 6
    for _, opening, born, migrated_in, arrived, resettled_in, lost, migrated_out, resettled_out, graduated, closing, _ in rows:
        assert opening + born + migrated_in + arrived + resettled_in - lost - migrated_out - resettled_out - graduated == closing
    assert [row[1] for row in rows[1:]] == [row[-2] for row in rows[:-1]]

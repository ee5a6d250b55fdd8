"""A certificate notices any byte that changes."""

from __future__ import annotations

import hashlib

import pytest

from layout_planner.county.model import Source
from layout_planner.safeguards.certificate import check_certificate, dump_certificate, make_certificate
from tests.safe_case import AGREES, NORMS, judge, plan, scenario


@pytest.fixture
def run(tmp_path):
    folder, data = tmp_path / "run", tmp_path / "data"
    folder.mkdir()
    data.mkdir()
    (folder / "run.json").write_bytes(b"{}")
    (data / "schools.csv").write_bytes(b"school_id\nP1\n")
    source = Source("schools", "schools.csv", hashlib.sha256(b"school_id\nP1\n").hexdigest(), 1)
    made = make_certificate(
        folder, ["run.json"], sources=[source], scenario=scenario(), norms=NORMS, plan=plan(), gate=judge(), verification=AGREES
    )
    (folder / "certificate.json").write_bytes(dump_certificate(made))
    return folder, data


def test_untouched_run_checks(run):
    assert check_certificate(*run) == []


@pytest.mark.parametrize(("place", "name"), [(0, "run.json"), (1, "schools.csv")])
def test_a_changed_file_is_named(run, place, name):
    path = run[place] / name
    path.write_bytes(path.read_bytes() + b" ")
    assert name in check_certificate(*run)[0].en
    path.unlink()
    assert "missing" in check_certificate(*run)[0].en


def test_any_byte_of_the_certificate_counts(run):
    path = run[0] / "certificate.json"
    raw = path.read_bytes()
    for place in range(0, len(raw), 997):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        assert check_certificate(*run), place


def test_inputs_that_were_not_checked_are_said(run):
    assert "not checked" in check_certificate(run[0])[0].en

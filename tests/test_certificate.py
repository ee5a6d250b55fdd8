"""A certificate notices any byte that changes."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from layout_planner.county.model import Source
from layout_planner.errors import InputError
from layout_planner.output.run_folder import write_signature
from layout_planner.safeguards.certificate import check_certificate, dump_certificate, make_certificate
from layout_planner.safeguards.signature import check_signature
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


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    folder, made = tmp_path_factory.mktemp("keys"), {}
    for number, name in enumerate(("bureau", "other")):
        key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        made[name] = folder / f"{name}.pem"
        made[name].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        made[f"{name}_public"] = folder / f"{name}.pub.pem"
        made[f"{name}_public"].write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return made


def test_a_signature_proves_who_signed_what(run, keys):
    folder, _ = run
    assert "no signature" in check_signature(folder, keys["bureau_public"])[0].en
    write_signature(folder, keys["bureau"])
    assert check_signature(folder, keys["bureau_public"]) == []
    assert "another key" in check_signature(folder, keys["other_public"])[0].en
    certificate = folder / "certificate.json"
    certificate.write_bytes(certificate.read_bytes().replace(b'"pass"', b'"fail"', 1))
    assert "does not fit" in check_signature(folder, keys["bureau_public"])[0].en


def test_no_changed_signature_file_proves_anything(run, keys):
    folder, _ = run
    write_signature(folder, keys["bureau"])
    path = folder / "certificate.sig.json"
    content = json.loads(path.read_text())
    for name in ("signature", "public_key"):
        raw = bytearray(base64.b64decode(content[name]))
        raw[0] ^= 1
        path.write_text(json.dumps({**content, name: base64.b64encode(raw).decode()}))
        assert check_signature(folder, keys["bureau_public"]), name
    for text in ("", "{}", "[]", '{"signature": 1, "public_key": 2}', '{"signature": "?", "public_key": "?"}'):
        path.write_text(text)
        assert check_signature(folder, keys["bureau_public"]), text


def test_keys_of_another_kind_are_named(run, keys, tmp_path):
    folder, _ = run
    nonsense = tmp_path / "key.pem"
    nonsense.write_text("no key")
    for wrong in (nonsense, keys["bureau_public"], tmp_path / "absent.pem"):
        with pytest.raises(InputError, match=wrong.name):
            write_signature(folder, wrong)
    with pytest.raises(InputError, match=r"bureau\.pem"):
        check_signature(folder, keys["bureau"])
    assert not (folder / "certificate.sig.json").exists()

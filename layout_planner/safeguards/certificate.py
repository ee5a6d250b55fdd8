"""A certificate: what was judged, from which bytes, with which verdict, so that anyone can check it again.

It is a checksum, not a signature: print its digest on the public notice, and nobody can change a file afterwards unseen.
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from layout_planner.county.model import Source
    from layout_planner.norms import NormSet
    from layout_planner.plan.layout import Layout
    from layout_planner.results import Finding, GateResult, Verification
    from layout_planner.scenario import Scenario

CERTIFICATE = "certificate.json"
CHUNK_BYTES = 1 << 20
DECIMALS = 3


def make_certificate(  # noqa: PLR0913 - a certificate covers everything
    folder: Path,
    files: Iterable[str],
    *,
    sources: Iterable[Source],
    scenario: Scenario,
    norms: NormSet,
    plan: Layout,
    gate: GateResult,
    verification: Verification,
) -> dict[str, Any]:
    """Return the certificate of a run whose `files` are already written in `folder`; write it with `dump_certificate`.

    Parameters
    ----------
    files : names of the files that the certificate covers, relative to `folder`, with forward slashes.
    """
    body: dict[str, Any] = {
        "schema": 1,
        "scenario": _dump_scenario(scenario),
        "norms": {
            "id": norms.id,
            "values": sorted([n.key, list(n.grades), list(n.modes), n.value, n.unit, n.flag, n.override] for n in norms.norms),
        },
        "inputs": {source.path: source.sha256 for source in sources},
        "files": {name: _hash_file(_inside(folder, name)) for name in sorted(set(files))},
        "plan": {"sites": _hash_table(plan.sites.reset_index()), "assignment": _hash_table(plan.assignment)},
        "verified": {"agrees": verification.agrees, "trips": verification.trips, "disagreements": len(verification.disagreements)},
        "verdict": gate.verdict,
        "mergers": sorted(gate.mergers),
        "findings": [_dump_finding(finding) for finding in gate.findings],
    }
    body = json.loads(_canonical(body))
    return {**body, "digest": _digest(body)}


def dump_certificate(certificate: dict[str, Any]) -> bytes:
    """Return the only bytes that `check_certificate` accepts for this certificate."""
    return (json.dumps(certificate, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def check_certificate(folder: Path, data_dir: Path | None = None) -> list[Words]:
    """Return everything that no longer fits the certificate in `folder`: its own bytes, the files of the run, the input files.

    Parameters
    ----------
    data_dir : folder at which the paths of the input files start. Without it the result says that the inputs were not checked.
    """
    try:
        raw = (folder / CERTIFICATE).read_bytes()
        certificate = json.loads(raw)
        body = {key: value for key, value in certificate.items() if key != "digest"}
        faults = _check_itself(raw, certificate, body)
        faults += _check_files(folder, dict(body["files"]), Words("结果文件", "file of the run"))
    except OSError:
        return [Words("找不到或无法读取证书", "the certificate is missing or cannot be read")]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [Words("证书不是有效的证书文件", "the certificate is not a valid certificate file")]
    if data_dir is None:
        return [*faults, Words("未给出数据目录，输入文件未核对", "no data folder was given, so the input files were not checked")]
    return faults + _check_files(data_dir, dict(body["inputs"]), Words("输入文件", "input file"), outside=True)


def _check_itself(raw: bytes, certificate: dict[str, Any], body: dict[str, Any]) -> list[Words]:
    faults = []
    found = _digest(body)
    if certificate.get("digest") != found:
        faults.append(Words(f"证书被改动：摘要应为{found}", f"the certificate was changed: its digest should be {found}"))
    if raw != dump_certificate(certificate):
        faults.append(Words("证书文件的字节被改动", "bytes of the certificate file were changed"))
    verdicts = {finding["verdict"] for finding in body["findings"]}
    verdict = "fail" if "fail" in verdicts else "pass" if verdicts == {"pass"} else "unknown"
    if body["verdict"] != verdict:
        faults.append(
            Words(
                f"结论{body['verdict']}与各项结果（{verdict}）不符",
                f"verdict {body['verdict']} does not follow from the findings ({verdict})",
            )
        )
    return faults


def _check_files(folder: Path, hashes: dict[str, str], what: Words, *, outside: bool = False) -> list[Words]:
    faults = []
    for name, expected in sorted(hashes.items()):
        try:
            found = _hash_file(folder / name if outside else _inside(folder, name))
        except OSError:
            faults.append(Words(f"{what.zh}{name}缺失或无法读取", f"{what.en} {name} is missing or cannot be read"))
            continue
        if found != expected:
            faults.append(
                Words(
                    f"{what.zh}{name}被改动：证书为{expected[:12]}，现为{found[:12]}",
                    f"{what.en} {name} was changed: the certificate has {expected[:12]}, it is {found[:12]}",
                )
            )
    return faults


def _inside(folder: Path, name: str) -> Path:
    """Return the path of `name` in `folder`; ValueError for names that lead out of it."""
    parts = PurePosixPath(name)
    if not name or parts.is_absolute() or ".." in parts.parts or "\\" in name:
        raise ValueError(f"not a file of the run folder: {name}")
    return folder / parts


def _hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(CHUNK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _hash_table(table: pd.DataFrame) -> str:
    """SHA-256 of the rows in one order, numbers rounded, columns by name."""
    columns = sorted(map(str, table.columns))
    rows = sorted(json.dumps([_plain(value) for value in row], ensure_ascii=False) for row in table[columns].itertuples(index=False))
    return hashlib.sha256("\n".join([",".join(columns), *rows]).encode()).hexdigest()


def _dump_scenario(scenario: Scenario) -> dict[str, Any]:
    """Return the scenario without the places of this machine."""
    return scenario.model_dump(mode="json", by_alias=True, exclude={"folder": True, "data": {"dir"}})


def _dump_finding(finding: Finding) -> dict[str, Any]:
    values = {name: getattr(finding, name) for name in finding.__dataclass_fields__}
    return {**values, "text": finding.text._asdict(), "cure": finding.cure._asdict()}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return `value` as JSON that never varies: rounded floats, infinity and NaN as text, mappings and lists through and through."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    number = float(value)
    if not math.isfinite(number):
        return str(number)
    return int(number) if number == int(number) else round(number, DECIMALS)


def _canonical(values: dict[str, Any]) -> str:
    return json.dumps(_plain(values), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(_canonical(body).encode()).hexdigest()

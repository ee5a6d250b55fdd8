"""The county's records of merger procedures: most in order, some flawed in ways that a gate must notice."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL = 60  # pupils under which a school has been consulted about
AGREED = 70  # pupils under which a full primary school has agreed to join its neighbour
OWN_STREAM = 7705
FLAWS = ("opposed", "short_notice", "short_notice", "hearing_first", "no_approval", "no_approval")
OFFICES = {"approval": "县人民政府", "publication": "县人民政府", "legality_review": "县司法局", "buses_licensed": "县人民政府"}
SECOND_BATCH = 16  # beds accepted a little later
ATTENDANTS = 16
SECOND_BUSES = 10
BEGIN = date(2026, 3, 2)
RECEIVED = date(2027, 5, 20)
Record = dict[str, object]


def make_evidence(rng: np.random.Generator, schools: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the records of all small schools that might close and of the schools that would take their pupils."""
    own = np.random.Generator(np.random.PCG64([seed, OWN_STREAM]))
    small = schools[(schools["enrolment"] < SMALL) & ~schools["candidate"] & ~schools["protected"]]
    flaws = dict(zip(rng.permutation(len(small)), FLAWS, strict=False))
    records: list[Record] = []
    for position, (_, school) in enumerate(small.iterrows()):
        defended = school["form"] == "primary"  # a village gives up a full school less willingly than three grades
        records.extend(_procedure(rng, school, "opposed" if defended else flaws.get(position, "")))
    for _, school in schools[~schools["candidate"]].iterrows():
        records.extend(_safeguards(rng, school))
    willing = (schools["form"] == "primary") & schools["enrolment"].between(SMALL, AGREED, inclusive="left")
    for _, school in schools[willing & ~schools["candidate"] & ~schools["protected"]].iterrows():
        records.extend(_procedure(own, school, ""))
    columns = ["school_id", "item", "date", "until", "in_favour", "against", "quantity", "level", "signed_by", "file", "note"]
    return pd.DataFrame(records, columns=columns)


def _record(school: pd.Series[Any], item: str, day: date, file: str, **more: object) -> Record:
    about = {"school_id": school["school_id"], "item": item, "date": day, "signed_by": OFFICES.get(item, "县教育局")}
    return {**about, "file": f"{file}-{school['name']}.pdf", **more}


def _procedure(rng: np.random.Generator, school: pd.Series[Any], flaw: str) -> Iterator[Record]:
    """Yield the records of one school in the order of the procedure, with one flaw or none."""
    filed = BEGIN + timedelta(days=int(rng.integers(0, 75)))
    notice = filed + timedelta(days=int(rng.integers(30, 45)))
    until = notice + timedelta(days=12 if flaw == "short_notice" else int(rng.integers(31, 39)))
    hearing = notice - timedelta(days=6) if flaw == "hearing_first" else until + timedelta(days=int(rng.integers(4, 12)))
    survey = max(hearing, until) + timedelta(days=int(rng.integers(5, 12)))
    approval = survey + timedelta(days=int(rng.integers(18, 35)))
    delegates, homes = int(rng.integers(19, 34)), max(6, int(school["enrolment"] * rng.uniform(0.6, 0.8)))
    share = rng.uniform(0.18, 0.36) if flaw == "opposed" else rng.uniform(0.66, 0.88)
    heard, asked = round(delegates * share), round(homes * share)
    yield _record(school, "plan_filed", filed, "专项规划备案")
    yield _record(school, "appraisal", filed + timedelta(days=20), "论证意见")
    yield _record(school, "notice", notice, "公示", until=until)
    yield _record(school, "hearing_papers", hearing - timedelta(days=10), "听证材料送达回执")
    yield _record(school, "hearing", hearing, "听证笔录", in_favour=heard, against=delegates - heard,
                  note="多数代表认为孩子太小、路太远" if flaw == "opposed" else None)  # fmt: skip
    yield _record(school, "survey", survey, "家长意见调查", in_favour=asked, against=homes - asked)
    if flaw not in {"no_approval", "opposed"}:
        yield _record(school, "approval", approval, "县政府批复", level="county")
        yield _record(school, "publication", approval + timedelta(days=5), "决定公布")
    yield _record(school, "risk_assessment", survey + timedelta(days=2), "风险评估报告")
    yield _record(school, "legality_review", survey + timedelta(days=3), "合法性审查意见", until=survey + timedelta(days=16))
    yield _record(school, "funding", approval + timedelta(days=21), "经费文件")
    yield _record(school, "transition", approval + timedelta(days=30), "过渡安排")
    yield _record(school, "disabled_placed", approval + timedelta(days=40), "残疾学生一人一案", quantity=int(school["enrolment"]) // 8 + 1)


def _safeguards(rng: np.random.Generator, school: pd.Series[Any]) -> Iterator[Record]:
    """Yield what has been built and licensed at a school that would take pupils, before the schools close."""
    accepted = RECEIVED + timedelta(days=int(rng.integers(0, 60)))
    lodges = school["role"] in {"central", "junior"}
    if lodges or school["canteen"]:
        yield _record(school, "beds_accepted", accepted, "床位验收单", quantity=int(rng.integers(6, 13)) * 8)
        yield _record(school, "beds_accepted", accepted + timedelta(days=9), "床位验收单（第二批）", quantity=SECOND_BATCH)
        yield _record(school, "canteen_accepted", accepted, "食堂验收单")
    if school["form"] != "junior":
        yield _record(school, "buses_licensed", accepted + timedelta(days=12), "校车使用许可", quantity=int(rng.integers(2, 5)))
        yield _record(school, "buses_licensed", accepted + timedelta(days=16), "校车使用许可（第二批）", quantity=SECOND_BUSES)
        yield _record(school, "attendants", accepted + timedelta(days=20), "照管人员名册（人数）", quantity=ATTENDANTS)

"""No field that names a person is read: columns are refused by their header, and by what stands in them.

Values are never repeated in a message.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.county.faults import Faults
    from layout_planner.county.raw_files import RawTable

PERSON_WORDS = (
    *("身份证", "证件号", "护照", "姓名", "学号", "学籍号", "户主", "家长", "监护人", "父亲", "母亲", "班主任", "联系人"),
    *("手机", "电话", "联系方式", "微信", "邮箱", "银行卡", "银行账号", "残疾证"),
    *("出生日期", "出生年月", "生日", "家庭住址", "详细住址", "家庭地址", "门牌"),
    *("idcard", "idnumber", "idno", "identitynumber", "passport", "phone", "mobile", "telephone", "wechat", "email", "bankaccount"),
    *("studentname", "pupilname", "childname", "parentname", "guardian", "fathername", "mothername", "teachername", "contactperson"),
    *("firstname", "lastname", "surname", "givenname", "fullname", "birthdate", "dateofbirth", "birthday", "homeaddress"),
)
PERSON_HEADERS = {"qq", "qq号", "性别", "dob", "sex", "gender"}  # too short or too common to look for inside a header
CITIZEN_ID = re.compile(r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]")
CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CITIZEN_CHECKS = "10X98765432"
MOBILE = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}")
ALONE = r"(?<![0-9A-Za-z.]){}(?![0-9A-Za-z.])"
CITIZEN_INSIDE, MOBILE_INSIDE = (re.compile(ALONE.format(f"(?:{pattern.pattern})")) for pattern in (CITIZEN_ID, MOBILE))
SHORTEST, SMALLEST, LARGEST = 11, 10**10, 10**18
IDENTITY = Words("居民身份证号码", "a citizen's identity number")
MOBILE_NUMBER = Words("手机号码", "a mobile phone number")
CURE = Words("删除该列；本工具只接受汇总人数", "delete the column: only counts are accepted, never persons")


def plain_header(text: str) -> str:
    """Return a header without case, spaces, underscores and marks, to compare it."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in folded if not letter.isspace() and letter not in "_-*\ufeff\u200b")


def names_persons(header: str) -> bool:
    """Return whether a column of this header would hold personal data."""
    plain = plain_header(header)
    return plain in PERSON_HEADERS or any(word in plain for word in PERSON_WORDS)


def refuse_person_headers(headers: list[str], faults: Faults) -> None:
    """Report every column whose header says that it names persons."""
    for header in headers:
        if names_persons(header):
            faults.add(Words("该列含个人信息，不予读取", "this column names persons and is not read"), CURE, row=1, column=header)


def refuse_person_values(raw: RawTable, codes: set[int], faults: Faults) -> list[int]:
    """Report every column that holds identity numbers or mobile numbers, whatever its header; return their positions.

    One line a column: the first row, and how many cells. `codes` are positions of id columns, where eleven digits may be a code.
    """
    refused = []
    for at, header in enumerate(raw.headers):
        if names_persons(header):
            continue
        kinds = [(number, _kind(cell, codes=at in codes)) for number, cell in zip(raw.numbers, raw.column(at), strict=True)]
        hits = [(number, kind) for number, kind in kinds if kind is not None]
        if hits:
            row, kind = hits[0]
            faults.add(
                Words(f"该列有{len(hits)}格像{kind.zh}，不予读取", f"{len(hits)} cells of this column look like {kind.en}; it is not read"),
                Words("删除个人信息；本工具只接受汇总人数", "remove personal data: only counts are accepted, never persons"),
                row=row,
                column=header,
                value="******",
            )
            refused.append(at)
    return refused


def _kind(cell: Any, *, codes: bool) -> Words | None:  # noqa: ANN401 - a cell holds anything
    """Return what personal number a cell holds, or None."""
    if isinstance(cell, int | float):
        if not SMALLEST <= cell < LARGEST or not float(cell).is_integer():
            return None
        text = str(int(cell))
        if CITIZEN_ID.fullmatch(text):  # a spreadsheet has rounded its last digits, so that no checksum holds
            return IDENTITY
    elif isinstance(cell, str) and len(cell) >= SHORTEST:
        text = unicodedata.normalize("NFKC", cell).upper()
        if any(is_citizen_id(found) for found in CITIZEN_INSIDE.findall(text)):
            return IDENTITY
    else:
        return None
    return MOBILE_NUMBER if not codes and MOBILE_INSIDE.search(text) else None


def is_citizen_id(text: str) -> bool:
    """Return whether `text` is a citizen's identity number: region, date of birth and checksum (GB 11643)."""
    if not CITIZEN_ID.fullmatch(text):
        return False
    rest = sum(int(digit) * weight for digit, weight in zip(text[:17], CITIZEN_WEIGHTS, strict=True)) % 11
    return CITIZEN_CHECKS[rest] == text[17]

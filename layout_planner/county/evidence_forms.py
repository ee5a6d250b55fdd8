"""Blank forms for the papers behind the records of a merger: notice, hearing, survey, acceptance of what was built, bus licence.

One sheet a form, A4, to be printed, filled in and sealed. What each form asks for is what the gate needs as a figure, and no more; the last
line says which row of the evidence table it becomes. Persons are never named: delegates and households are counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side

from layout_planner.words import Words

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from layout_planner.words import Lang

EVIDENCE_FORMS = "evidence-forms.xlsx"
SCHOOL = Words("学校名称、标识码", "school and its id")
SIGNED = Words("盖章单位和日期（不填个人姓名）", "office that seals it, and the day (no names of persons)")
LABEL_WIDTH, FIELD_WIDTH, FIELD_HEIGHT = 34, 60, 30


class Form(NamedTuple):
    """One form: the item of the evidence table it proves, its title, what is to be filled in."""

    item: str
    title: Words
    fields: tuple[Words, ...]


FORMS = (
    Form(
        "notice",
        Words("撤并方案公示", "Public notice of a merger"),
        (
            SCHOOL,
            Words("拟撤并的年级和拟定日期", "grades concerned, and the day proposed"),
            Words("各村现在的学校和拟定的学校、单程分钟、上学方式", "for every village: school now and proposed, minutes one way, means"),
            Words("接收学校的床位、食堂、校车（已有和待建）", "beds, canteen and buses of the receiving school: standing and to be built"),
            Words("公示起止日期（date、until）", "first and last day of the notice (date, until)"),
            Words("公示地点和网址", "where it hangs and where it can be read"),
            Words("意见提交方式、接收单位和截止日期", "how and where comments are handed in, and until when"),
            SIGNED,
        ),
    ),
    Form(
        "hearing",
        Words("听证笔录", "Record of the hearing"),
        (
            SCHOOL,
            Words("听证日期（date）", "day of the hearing (date)"),
            Words(
                "材料送达代表的日期（另登记为 hearing_papers）", "day on which the papers reached the delegates (entered as hearing_papers)"
            ),
            Words("代表人数：家长、教职工、村组织、乡镇、其他", "delegates by kind: parents, staff, village bodies, township, others"),
            Words("赞成人数（in_favour）", "in favour (in_favour)"),
            Words("反对人数（against）", "against (against)"),
            Words("主要意见和答复", "what was said, and what was answered"),
            SIGNED,
        ),
    ),
    Form(
        "survey",
        Words("家长意见调查汇总", "Survey of parents, summed up"),
        (
            SCHOOL,
            Words("调查起止日期（date）", "days of the survey (date)"),
            Words("有学生的户数、收回的户数", "households with pupils, and households that answered"),
            Words("赞成户数（in_favour）", "in favour (in_favour)"),
            Words("反对户数（against）", "against (against)"),
            Words("各村的主要顾虑", "what each village fears most"),
            SIGNED,
        ),
    ),
    Form(
        "beds_accepted",
        Words("床位、食堂竣工验收", "Acceptance of beds and canteen"),
        (
            SCHOOL,
            Words("验收日期（date）", "day of the acceptance (date)"),
            Words("新增可用床位（quantity）", "new beds that can be used (quantity)"),
            Words("宿舍使用面积（平方米）", "usable dormitory area, m²"),
            Words("食堂是否验收（另登记为 canteen_accepted）", "canteen accepted? (entered as canteen_accepted)"),
            Words("遗留问题和完成期限", "what is left to do, and until when"),
            SIGNED,
        ),
    ),
    Form(
        "buses_licensed",
        Words("校车使用许可和照管人员", "Bus licence and attendants"),
        (
            SCHOOL,
            Words("许可日期（date）", "day of the licence (date)"),
            Words("许可车辆数（quantity）", "buses licensed (quantity)"),
            Words("每辆核载人数", "people that each bus may hold, by its plate"),
            Words("线路、时间和站点", "routes, times and stops"),
            Words("到位的照管人员数（另登记为 attendants）", "attendants in their posts (entered as attendants)"),
            SIGNED,
        ),
    ),
)


def make_evidence_forms(lang: Lang) -> Workbook:
    """Return the workbook of all forms, one A4 sheet each."""
    book = Workbook()
    book.remove(book.active)
    for form in FORMS:
        _lay_out(book.create_sheet(form.item), form, lang)
    return book


def _lay_out(sheet: Worksheet, form: Form, lang: Lang) -> None:
    sheet.append([form.title.say(lang)])
    sheet["A1"].font = Font(bold=True, size=16)
    line = Side(style="thin", color="7F7F7F")
    for field in form.fields:
        sheet.append([field.say(lang), ""])
        row = sheet.max_row
        sheet.row_dimensions[row].height = FIELD_HEIGHT
        for column in (1, 2):
            cell = sheet.cell(row, column)
            cell.border, cell.alignment = Border(line, line, line, line), Alignment(wrap_text=True, vertical="center")
    where = Words(f"登记在撤并记录表：事项 {form.item}", f"becomes a row of the evidence table: item {form.item}")
    sheet.append([where.say(lang)])
    sheet.cell(sheet.max_row, 1).font = Font(italic=True, color="595959")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = LABEL_WIDTH, FIELD_WIDTH
    sheet.page_setup.paperSize, sheet.page_setup.fitToHeight = sheet.PAPERSIZE_A4, 1
    sheet.sheet_properties.pageSetUpPr.fitToPage = True

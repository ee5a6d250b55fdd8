"""What the gate page shows beside the findings: a map and a table of the children whose way is refused, vetoes, and what nobody judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from layout_planner.names import MODES, VETOES, name_band, name_rule
from layout_planner.output.map_data import pair
from layout_planner.output.papers.site_map import GREY, INK, ORANGE, Base, Spot, Way, draw_map, frame_around, lay_base
from layout_planner.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

    from layout_planner.output.view import RunView
    from layout_planner.results import Finding, Verdict

CHILD_RULES = (
    "unserved", "travel", "slow_day", "bad_day", "walk_distance", "board_travel", "boarding_age", "remote_keep", "bus_due", "new_risk",
)  # fmt: skip
RED = "#a61b1b"
WORST: dict[Verdict, int] = {"fail": 0, "unknown": 1, "pass": 2}
LANGS = ("zh", "en")
LEGEND = (
    ("circle", RED, Words("受影响而要求未满足的居民点", "villages whose children are not served")),
    ("cross", ORANGE, Words("拟撤并的学校", "schools to be merged")),
    ("square", INK, Words("接收学校", "receiving schools")),
    ("square", GREY, Words("其他学校", "other schools")),
    ("dash", GREY, Words("现在上学（直线示意）", "goes here today (straight line)")),
    ("line", RED, Words("方案中上学", "goes here under the plan")),
)
NOT_JUDGED = (
    Words("听证是否听取了教职工、村组织和乡镇的意见", "whether staff, village bodies and the township were heard"),
    Words("是否靠减少教师和经费逼学校自行消失，是否强制撤并", "whether a school was starved of staff and money, or force was used"),
    Words(
        "闲置校园如何使用，生源回升时如何恢复办学",
        "what becomes of the idle campus, and how the school is opened again when pupils return",
    ),
    Words("步行路线上的过河、塌方和车流等具体危险", "dangers on the way on foot, such as fords, slides and traffic"),
    Words(
        "实际线路需要的校车是否都已取得许可：许可按方案的座位数核对，实际线路的车数见说明",
        "whether all buses that real routes need are licensed: licences are held against the plan's buses by their seats; see the notes",
    ),
    Words("法定节假日（合法性审查的工作日只除去周末）", "public holidays (working days of the legality review leave out weekends only)"),
)


def describe_unmet(view: RunView) -> dict[str, Any]:
    """Return the rows of the table and the maps of unmet children; no maps where every child is served."""
    refusing = [finding for finding in view.findings if finding.verdict != "pass" and finding.rule in CHILD_RULES]
    rules: dict[str, list[str]] = {}
    for finding in refusing:
        for home in finding.settlements:
            rules.setdefault(home, [])
            if finding.rule not in rules[home] and finding.rule != "new_risk":
                rules[home].append(finding.rule)
    rows = _rows(view, rules)
    maps = {lang: _draw(view, rules, lang) for lang in LANGS} if rules else {}
    return {"rows": rows, "maps": maps, "legend": [(shape, color, pair(words)) for shape, color, words in LEGEND]}


def _rows(view: RunView, rules: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Return one row a village and band that moves and does not meet the norms, the longest trips first."""
    trips = view.trips
    today = trips[trips["when"] == "today"].groupby(["settlement_id", "band"])["school_id"].agg(lambda ids: sorted(set(ids)))
    plan = trips[(trips["when"] == "plan") & trips["settlement_id"].isin(rules)]
    rows = []
    for row in plan.sort_values(["seconds", "settlement_id", "band"], ascending=[False, True, True]).to_dict("records"):
        home, band = str(row["settlement_id"]), str(row["band"])
        before = [school for school in today.get((home, band), []) if school in view.mergers]
        if not before or row["pessimistic_s"] <= row["limit_s"]:
            continue
        rows.append(
            {
                "home": _name(view.settlements, home),
                "band": pair(name_band(band, view.bands[band])),
                "pupils": int(row["pupils"]),
                "before": _name(view.schools, before[0]),
                "after": _name(view.schools, str(row["school_id"])) if row["school_id"] else pair(MODES["unserved"]),
                "mode": pair(MODES.get(str(row["mode"]), Words("", ""))) if row["school_id"] else ("", ""),
                "minutes": _minutes(row),
                "rules": [pair(name_rule(rule)) for rule in rules[home]],
            }
        )
    return rows


def _minutes(row: dict[Any, Any]) -> str:
    if not row["school_id"]:
        return ""
    slow, limit = float(row["pessimistic_s"]) / 60, float(row["limit_s"]) / 60
    return f"{float(row['seconds']) / 60:.0f}–{slow:.0f} / {limit:.0f}"


def _name(table: Any, key: str) -> tuple[str, str]:  # noqa: ANN401 - settlements or schools
    zh, en = (str(table.at[key, column] or "") if column in table else "" for column in ("name", "name_en"))
    return pair(Words(zh or key, en or zh or key))


def _draw(view: RunView, rules: dict[str, list[str]], lang: Any) -> Markup:  # noqa: ANN401 - zh or en
    base = lay_base(view)
    ways = list(_ways(view, base, rules))
    spots = [Spot(*base.homes[home], "circle", RED, 7.0) for home in sorted(rules)]
    for key, (lon, lat, name, before, after) in base.schools.items():
        if key in view.mergers:
            spots.insert(0, Spot(lon, lat, name, "cross", ORANGE, 9.0))
        elif "closed" not in {before, after}:
            receives = any((lon, lat) == way.ends[2:] for way in ways)
            spots.append(Spot(lon, lat, name, "square", INK if receives else GREY, 6.0 if receives else 4.0, label=receives))
    points = [(spot.lon, spot.lat) for spot in spots if spot.shape != "square"] + [way.ends[2:] for way in ways]
    quiet = Base(tuple(part for part in base.roads if part[0] != "path"), base.boundary, base.homes, base.schools)
    return draw_map(quiet, frame_around(points), spots, ways, lang)


def _ways(view: RunView, base: Base, rules: dict[str, list[str]]) -> list[Way]:
    """Return a line from every village refused to its school today and under the plan."""
    ways: dict[Way, None] = {}
    trips = view.trips[view.trips["settlement_id"].isin(rules) & (view.trips["school_id"] != "")]
    today = trips[(trips["when"] == "today") & trips["school_id"].isin(view.mergers)]
    moved = set(zip(today["settlement_id"], today["band"], strict=True))
    for row in trips.sort_values(["when", "settlement_id", "band"]).to_dict("records"):
        if (row["settlement_id"], row["band"]) in moved:
            now = row["when"] == "today"
            start, end = base.homes[str(row["settlement_id"])][:2], base.schools[str(row["school_id"])][:2]
            ways[Way((*start, *end), GREY if now else RED, 1.4 if now else 2.0, now)] = None
    return list(ways)


def describe_vetoes(findings: list[Finding]) -> list[dict[str, Any]]:
    """Return the vetoes with the worst verdict among their rules, and how many findings refuse."""
    told = []
    for name, rules in VETOES:
        own = [finding for finding in findings if finding.rule in rules or (finding.rule.startswith("buses.") and "travel" in rules)]
        worst = min((finding.verdict for finding in own), key=lambda verdict: WORST[verdict], default="pass")
        refused = sum(finding.verdict != "pass" for finding in own)
        told.append({"name": pair(name), "verdict": worst, "count": refused, "total": len(own)})
    return told


def list_to_do(view: RunView, called: Callable[[str], dict[str, str]]) -> list[dict[str, Any]]:
    """Return what must be done, the plan as a whole first and then merger by merger; `called` names a school."""
    told = []
    for subject in ("", *view.mergers):
        refusing = (finding for finding in view.findings if finding.verdict != "pass" and any(finding.cure))
        own = [f for f in refusing if (f.subject if f.subject in view.mergers else "") == subject]
        lifted: dict[Words, int] = {}
        for finding in own:
            lifted[finding.cure] = lifted.get(finding.cure, 0) + 1
        if lifted:
            cures = [{"text": pair(cure), "count": count} for cure, count in sorted(lifted.items(), key=lambda entry: -entry[1])]
            told.append({"school": called(subject) if subject else None, "cures": cures})
    return told

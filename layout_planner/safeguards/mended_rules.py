"""Rule of the gate on roads that a plan mends: while they are a proposal nobody can know that they stand (先建后撤)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layout_planner.safeguards.rules import judge
from layout_planner.words import Words

if TYPE_CHECKING:
    from layout_planner.results import Finding
    from layout_planner.safeguards.rules import Case


def judge_roads(case: Case, subject: str) -> Finding:
    """Judge whether the plan counts on roads as they are; a road that it mends is unknown until the road data hold it."""
    norm = case.norms.find("procedure.build_before_close")
    taken = [fix for fix in case.scenario.plan.road_fixes if fix.id in case.plan.fixes]
    if not taken:
        text = Words("方案只按现有的路计算", "the plan counts on roads as they are today")
        return judge("roads_mended", "pass", subject, norm, text, text, measured=0.0, bound=(None, "rule"))
    names = Words("、".join(fix.name.zh for fix in taken), ", ".join(fix.name.en for fix in taken))
    text = Words(
        f"方案按修好后的路计算，这些路还没有修：{names.zh}", f"the plan counts on roads that are not mended or built yet: {names.en}"
    )
    cure = Words(
        f"先修好并验收{names.zh}，更新道路数据后重新计算",
        f"mend or build these roads first and have them accepted, then run again with new road data: {names.en}",
    )
    return judge("roads_mended", "unknown", subject, norm, text, cure, measured=float(len(taken)), bound=(None, "rule"))

"""The posts that answer for every school of the demo county: offices, never persons."""

from __future__ import annotations

import pandas as pd

COUNTY_POSTS = (
    ("县教育局局长", "head of the county education bureau", "布局方案与撤并审批", "the layout plan and the approval of mergers"),
    ("县教育局基建科科长", "head of building, county education bureau", "床位、食堂先建后撤", "beds and canteens built before any closing"),
    (
        "县财政局教科文科科长",
        "head of education funding, county finance bureau",
        "公用经费与不足百人学校保底",
        "public funds and the floor of 100 pupils",
    ),
    (
        "县交通运输局运输科科长",
        "head of passenger transport, county transport bureau",
        "校车许可与公交线路",
        "bus licences and public lines",
    ),
)
TOWNSHIP_POSTS = (
    (
        "{township}分管教育副职负责人",
        "deputy head of the township for education",
        "公示、听证与意见答复",
        "notice, hearing and answers to objections",
    ),
    ("{township}中心学校校长", "principal of the township's central school", "走教与资源统筹", "travelling teachers and shared resources"),
)
VILLAGE_POST = (
    "村委会主任",
    "head of the village committee",
    "逐户告知、劝返辍学学生",
    "telling every household, bringing back pupils who dropped out",
)
SCHOOL_POST = ("{school}负责人", "head of the school", "控辍保学与学生安全", "keeping pupils at school, and safe")


def list_posts(schools: pd.DataFrame) -> pd.DataFrame:
    """Return the posts of the county, of every township with a school, of the villages and of every school that is open."""
    rows = [("county", None, None, *post) for post in COUNTY_POSTS]
    for township in dict.fromkeys(schools["township"]):
        rows += [("township", None, township, zh.format(township=township), *rest) for zh, *rest in TOWNSHIP_POSTS]
    rows.append(("village", None, None, *VILLAGE_POST))
    for school_id, name in schools.loc[~schools["candidate"], ["school_id", "name"]].itertuples(index=False):
        zh, *rest = SCHOOL_POST
        rows.append(("school", school_id, None, zh.format(school=name), *rest))
    return pd.DataFrame(rows, columns=["level", "school_id", "township", "post", "post_en", "duty", "duty_en"])

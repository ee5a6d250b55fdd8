"""Invented names of places, each with its English spelling, so that no dictionary is needed and no bytes change with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

COUNTY_CODE = "520999"
COUNTY = ("云石河县", "Yunshihe County")
RIVER = "云石河"

_FIRST = (
    "大da 小xiao 上shang 下xia 新xin 老lao 高gao 中zhong 岩yan 龙long 白bai 黑hei 红hong 青qing 马ma 牛niu 羊yang 水shui 石shi "
    "黄huang 长chang 平ping 双shuang 花hua 金jin 银yin 茶cha 竹zhu 松song 枫feng 梨li 桃tao 柏bai 麻ma 谷gu 猫mao 鹰ying 凉liang "
    "沙sha 铜tong 木mu 瓦wa 油you 桐tong 田tian 王wang 李li 杨yang 陈chen 罗luo 吴wu 何he 张zhang 周zhou 苗miao 半ban 冷leng"
)
_LAST = (
    "坪ping 坝ba 寨zhai 井jing 湾wan 冲chong 沟gou 坡po 岩yan 坳ao 塘tang 田tian 山shan 岗gang 屯tun 堡bao 哨shao 关guan 场chang "
    "箐qing 林lin 河he 洞dong 垭ya 院yuan 坎kan 岭ling 坟fen 土tu 沱tuo 桥qiao 树shu 家寨jiazhai 家湾jiawan 家坝jiaba"
)
_BAD = {"坟"}


class Township(NamedTuple):
    """One township: name, English name, three-digit part of its code."""

    zh: str
    en: str
    code: str

    @property
    def stem(self) -> str:
        """Return the name without its kind."""
        return self.zh.removesuffix("街道").removesuffix("镇").removesuffix("乡")


TOWNSHIPS = (
    Township("河阳街道", "Heyang Subdistrict", "001"),
    Township("澜桥镇", "Lanqiao Town", "101"),
    Township("双箐镇", "Shuangqing Town", "102"),
    Township("白岩塘镇", "Baiyantang Town", "103"),
    Township("枫香坪镇", "Fengxiangping Town", "104"),
    Township("马鬃岭镇", "Mazongling Town", "105"),
    Township("鹰嘴关乡", "Yingzuiguan Township", "201"),
    Township("望水乡", "Wangshui Township", "202"),
    Township("岔河口乡", "Chahekou Township", "203"),
    Township("云盘箐乡", "Yunpanqing Township", "204"),
    Township("落水岩乡", "Luoshuiyan Township", "205"),
)
TOWN_BLOCKS = (
    ("东门社区", "Dongmen"), ("西门社区", "Ximen"), ("南门社区", "Nanmen"), ("北门社区", "Beimen"), ("文庙社区", "Wenmiao"),
    ("河滨社区", "Hebin"), ("车站社区", "Chezhan"), ("茶市社区", "Chashi"), ("新城社区", "Xincheng"), ("老街社区", "Laojie"),
    ("环城社区", "Huancheng"), ("桥头社区", "Qiaotou"),
)  # fmt: skip
RESETTLEMENTS = (("幸福里安置点", "Xingfuli Resettlement Site"), ("迎新家园安置点", "Yingxin Resettlement Site"))


def _syllables(packed: str) -> list[tuple[str, str]]:
    split = []
    for part in packed.split():
        zh = "".join(letter for letter in part if not letter.isascii())
        if zh not in _BAD:
            split.append((zh, part[len(zh) :]))
    return split


def make_names(rng: np.random.Generator, count: int) -> list[tuple[str, str]]:
    """Return `count` different village names as (Chinese, English)."""
    pairs = [(a, b) for a in _syllables(_FIRST) for b in _syllables(_LAST) if a[0] not in b[0]]
    surnames = set("王李杨陈罗吴何张周苗")
    pairs = [(a, b) for a, b in pairs if (a[0] in surnames) or len(b[0]) == 1]
    chosen = rng.permutation(len(pairs))[:count]
    return [(pairs[k][0][0] + pairs[k][1][0], (pairs[k][0][1] + pairs[k][1][1]).capitalize()) for k in chosen]

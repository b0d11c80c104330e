"""What to do about what was found, in the languages that people who run a site speak."""

from collections.abc import Mapping

from .commissioning.wording import language_for
from .core.balance.findings import FindingKind

ENGLISH: Mapping[FindingKind, str] = {
    FindingKind.UNEXPLAINED_LOSS: "Compare the hours of the loss with opening hours, look for "
    "supplies without a meter, and check transformer ratios and phases of the largest meters.",
    FindingKind.NEGATIVE_LOSS: "A main meter is missing from the feeder, a meter belongs to "
    "another one, or a transformer ratio is wrong: compare the meters' displays with the readings.",
    FindingKind.STANDS_STILL: "See whether the shop is closed. If it is open, compare the meter's "
    "display and its phases with a clamp meter: a phase, a fuse or a wire may be off.",
    FindingKind.LIKELY_BYPASS: "Look at the wiring between the main meter and this one, with a "
    "witness: load that it does not count any more may flow past it.",
    FindingKind.SUSPECT_REGISTER: "Compare the meter's display with the last good reading; if it "
    "was replaced or cleared, record that with replace_meter.",
}

CHINESE: Mapping[FindingKind, str] = {
    FindingKind.UNEXPLAINED_LOSS: "将损耗时段与营业时间对比，查找未装表的用电，"
    "并核对大用户电表的互感器变比和相序。",
    FindingKind.NEGATIVE_LOSS: "馈线缺少总表、电表归属有误，或互感器变比设置错误，"
    "请将电表显示与读数核对。",
    FindingKind.STANDS_STILL: "先确认店铺是否停业。若在营业，用钳形表核对电表显示与各相电流，"
    "可能缺相、熔断或断线。",
    FindingKind.LIKELY_BYPASS: "请在见证人在场时检查总表与该电表之间的线路，"
    "其不再计量的负荷可能绕过了电表。",
    FindingKind.SUSPECT_REGISTER: "将电表显示与最后一次可信读数核对，若电表已更换或清零，"
    "请用 replace_meter 登记。",
}

_TEXTS = {"en": ENGLISH, "zh-Hans": CHINESE}


def advice_for(kind: FindingKind, language: str) -> str:
    """Return what to do, in a language or else in English."""
    return _TEXTS[language_for(language)][kind]

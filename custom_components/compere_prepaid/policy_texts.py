"""What is said of policies in sentences, in the languages that we have."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from .commissioning.wording import language_for
from .core.policy.advice import advice
from .core.policy.credit import Policy
from .core.prepayment.policy_preview import Fate, Prospect

_MORE = (Fate.PUT_OFF, Fate.SHADOW_CUT, Fate.RECONNECTED, Fate.STAYS_OFF)
"""What is said where it happens to somebody."""

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "join": " ",
        "none": "no account",
        "one": "1 account",
        "many": "{count} accounts",
        "head": "With the policy {policy}, {warned} would be warned and {cut} cut now.",
        "put_off": "Cuts that would wait: {count}.",
        "shadow_cut": "Cut on paper only, as they adapt: {count}.",
        "reconnected": "Supply that would come back: {count}.",
        "stays_off": "Off, and would stay so: {count}.",
        "never_allows_cut": (
            "The policy {policy} protects every hour of every day that is known: "
            "it will never cut anybody."
        ),
        "no_warning": "The policy {policy} has no warning level: it cuts without having warned.",
        "no_special_day": (
            "The policy {policy} names the calendar {calendar}, which has no day to come."
        ),
    },
    "zh-Hans": {
        "join": "",
        "none": "0 个账户",
        "one": "1 个账户",
        "many": "{count} 个账户",
        "head": "按预付费策略 {policy}，现在将有 {warned}收到报警、{cut}停电。",
        "put_off": "推迟停电：{count} 个。",
        "shadow_cut": "处于适应期、仅作记录的停电：{count} 个。",
        "reconnected": "将恢复供电：{count} 个。",
        "stays_off": "已停电且不会恢复：{count} 个。",
        "never_allows_cut": (
            "预付费策略 {policy} 的保护时段覆盖所有已知日期的全部时间，永远不会停电。"
        ),
        "no_warning": "预付费策略 {policy} 没有报警门槛：停电前不会发出报警。",
        "no_special_day": "预付费策略 {policy} 所用的日历 {calendar} 没有将来的日期。",
    },
}


def summary(
    policy: str, prospects: Iterable[Prospect], language: str
) -> tuple[dict[str, int], str]:
    """Return how many accounts would be warned, cut and so on, and a sentence that says so."""
    every = list(prospects)
    fates = Counter(prospect.fate for prospect in every)
    totals = {"accounts": len(every), "warned": sum(one.is_warned for one in every)}
    totals |= {str(fate): fates[fate] for fate in Fate}
    texts = TEXTS[language_for(language)]
    head = texts["head"].format(
        policy=policy, **{key: _counted(texts, totals[key]) for key in ("warned", "cut")}
    )
    more = [texts[key].format(count=totals[key]) for key in _MORE if totals[key]]
    return totals, texts["join"].join((head, *more))


def warnings(policy: Policy, today: date, language: str) -> list[dict[str, str]]:
    """Return what to think about before a policy is put into force."""
    texts = TEXTS[language_for(language)]
    return [
        {
            "policy": policy.name,
            "warning": str(one),
            "message": texts[one].format(policy=policy.name, calendar=policy.protected.calendar),
        }
        for one in advice(policy, today)
    ]


def _counted(texts: Mapping[str, str], count: int) -> str:
    """Return a number of accounts in words."""
    return texts[{0: "none", 1: "one"}.get(count, "many")].format(count=count)

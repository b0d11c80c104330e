"""Announcements that write themselves: the rules of power cuts, and of the adaptation period.

They are filled with what a policy really says, in three languages; a sentence whose rule the policy
does not have is left out.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from ..errors import InvalidInputError
from ..money.amount import Amount, Currency
from ..policy.credit import Policy
from ..policy.protected_times import ProtectedTimes, Windows
from .notice import NoticeText, Texts
from .template_texts import LANGUAGES, WORDS

DAY_MINUTES = 24 * 60


class _Writing(NamedTuple):
    """What a text is written of, and in which words."""

    policy: Policy
    currency: Currency
    words: Mapping[str, str]

    def money(self, amount: Amount) -> str:
        return f"{self.currency.rounded(amount):f} {self.currency.code}"

    def say(self, key: str, **values: object) -> str:
        return self.words[key].format_map(values)

    def listed(self, items: list[str]) -> str:
        return self.words["comma"].join(items)


def write_template(name: str, policy: Policy, currency: Currency) -> Texts:
    """Return the texts of a template for accounts with a policy, by language.

    Raises `InvalidInputError` (`announcement_template_unknown`).
    """
    sentences = _TEMPLATES.get(name)
    if sentences is None:
        raise InvalidInputError(
            "announcement_template_unknown", template=name[:40], known=", ".join(_TEMPLATES)
        )
    texts = {}
    for language in LANGUAGES:
        writing = _Writing(policy, currency, WORDS[language])
        message = "\n".join(sentences(writing))
        texts[language] = NoticeText(writing.words[f"{name}_title"], message)
    return texts


def _power_cut_rules(writing: _Writing) -> Iterator[str]:
    policy, say, money = writing.policy, writing.say, writing.money
    yield say("prepaid")
    if policy.warning_levels:
        yield say("warned", levels=writing.listed([money(each) for each in policy.warning_levels]))
    if policy.warning_days:
        yield say("warned_days", days=writing.listed([str(days) for days in policy.warning_days]))
    if policy.never_cut:
        yield say("never_cut")
        return
    yield say("cut", level=money(policy.cut_off))
    if policy.credit_limit:
        yield say("credit_limit", limit=money(policy.credit_limit))
    if policy.emergency_credit:
        yield say("emergency", amount=money(policy.emergency_credit))
    if policy.notice_hours:
        yield say("notice", hours=policy.notice_hours)
    if times := _times(writing, policy.protected):
        yield say("protected", times=times)
    if policy.adaptation_days:
        yield say("adapting", span=_span(writing))
    yield say(f"reconnect_{policy.reconnect.value}")


def _adaptation_period(writing: _Writing) -> Iterator[str]:
    policy, say = writing.policy, writing.say
    if not policy.adaptation_days:
        yield say("no_adaptation")
    else:
        yield say("adaptation", span=_span(writing))
        yield say("practice")
    yield ""
    yield from _power_cut_rules(writing)


_TEMPLATES: Mapping[str, Callable[[_Writing], Iterator[str]]] = {
    "power_cut_rules": _power_cut_rules,
    "adaptation_period": _adaptation_period,
}

TEMPLATES = tuple(_TEMPLATES)
"""The names of all templates."""


def _span(writing: _Writing) -> str:
    """Return how long the adaptation period is, in weeks where it is whole weeks."""
    weeks, rest = divmod(writing.policy.adaptation_days, 7)
    if rest:
        return writing.say("days", number=writing.policy.adaptation_days)
    return writing.say("weeks" if weeks > 1 else "week", number=weeks)


def _times(writing: _Writing, protected: ProtectedTimes) -> str:
    """Return when nobody is cut: weekdays with the same times together, then special days."""
    alike: dict[Windows, list[int]] = {}
    for day in range(7):
        if windows := protected.week.get(day):
            alike.setdefault(tuple(sorted(windows)), []).append(day)
    parts = [
        f"{_weekdays(writing, days)} {_hours(writing, windows)}" for windows, days in alike.items()
    ]
    parts += [
        writing.say("special", kind=kind, hours=_hours(writing, windows))
        for kind, windows in sorted(protected.special.items())
        if windows
    ]
    return writing.words["semicolon"].join(parts)


def _weekdays(writing: _Writing, days: list[int]) -> str:
    names = writing.words["weekdays"].split()
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{names[days[0]]}–{names[days[-1]]}"
    return writing.listed([names[day] for day in days])


def _hours(writing: _Writing, windows: Windows) -> str:
    shown = []
    for start, end in sorted(windows):
        if (start, end) == (0, DAY_MINUTES):
            shown.append(writing.say("all_day"))
        else:
            shown.append(f"{_clock(start)}–{_clock(end)}")
    return writing.listed(shown)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"

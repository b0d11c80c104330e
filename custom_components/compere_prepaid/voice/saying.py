"""How an answer sounds: money, times and lists as people say them, in the language of who asked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
import json
from pathlib import Path

from ..commissioning.wording import ENGLISH, LANGUAGES, language_for
from ..core.money.amount import Currency

_FOLDER = Path(__file__).parent / "texts"

NAMED = 10
"""Nobody listens to a longer list."""

DAYS_FROM = Decimal(2)
"""A shorter time is said in hours."""


@lru_cache(maxsize=len(LANGUAGES))
def _texts(language: str) -> Mapping[str, str]:
    """Return all texts of a language. Blocking at the first call."""
    found: Mapping[str, str] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return found


def load_texts() -> None:
    """Read all texts. Blocking; nothing else here is, once this was called."""
    for language in LANGUAGES:
        _texts(language)


class Speech:
    """Says things in one language; English where we do not have the one that is wanted."""

    def __init__(self, language: str) -> None:
        """Choose the language."""
        self._language = language_for(language)
        self._texts = _texts(self._language)

    def say(self, text: str, **values: object) -> str:
        """Return one sentence, or a part of one."""
        return self._texts[text].format_map(values)

    def sentences(self, *sentences: str | None) -> str:
        """Return sentences one after the other."""
        said = [sentence for sentence in sentences if sentence]
        return (" " if self._language == ENGLISH else "").join(said)

    def money(self, currency: Currency, amount: Decimal) -> str:
        """Return an amount without its sign: 196 yuan 40, 196元4角."""
        unit = self._texts.get(f"currency.{currency.code}", currency.code)
        number = f"{abs(amount):.{currency.digits}f}"
        whole, _, minor = number.partition(".")
        if self._language == ENGLISH:
            return f"{whole} {unit} {minor}" if minor.strip("0") else f"{whole} {unit}"
        if currency.code == "CNY":
            return f"{whole}{unit}{_jiao_and_fen(minor)}"
        return f"{number}{unit}"

    def listed(self, names: Sequence[str], last: str = "and") -> str:
        """Return names as a list; of a long one only the beginning, and how many more."""
        if len(names) > NAMED:
            shown = self._texts["comma"].join(names[:NAMED])
            return self.say("and_more", names=shown, count=len(names) - NAMED)
        if len(names) < 2:
            return "".join(names)
        return f"{self._texts['comma'].join(names[:-1])}{self._texts[last]}{names[-1]}"

    def counted(self, text: str, names: Sequence[str]) -> str:
        """Return the sentence for none, one or several of something."""
        which = "none" if not names else "one" if len(names) == 1 else "several"
        return self.say(f"{text}_{which}", count=len(names), names=self.listed(names))

    def near(self, names: Sequence[str]) -> str | None:
        """Return what else may have been meant, as a question."""
        return self.say("did_you_mean", names=self.listed(names, "or")) if names else None

    def reasons(self, kinds: Iterable[str]) -> str:
        """Return why a relay is open."""
        return self.listed([self._texts[kind] for kind in kinds])

    def power(self, milliwatts: int) -> str:
        """Return a power: 640 watts, 3.4 kilowatts."""
        watts = (milliwatts + 500) // 1000
        if watts < 1000:
            return self.say("watts", number=watts)
        tenths = (watts + 50) // 100
        return self.say("kilowatts", number=f"{Decimal(tenths).scaleb(-1).normalize():f}")

    def duration(self, days: Decimal) -> str:
        """Return how long something lasts, never more than it does."""
        if days >= DAYS_FROM:
            return self.say("days", number=int(days))
        hours = int(days * 24)
        return self.say("hours", number=hours) if hours > 1 else self.say("hour")

    def day(self, at: datetime) -> str:
        """Return a day: Tuesday, 8 December."""
        if self._language == ENGLISH:
            return f"{at:%A}, {at.day} {at:%B}"
        return f"{at.month}月{at.day}日"

    def moment(self, at: datetime, now: datetime) -> str:
        """Return when something was; both times are the site's."""
        clock = f"{at:%H:%M}"
        if at.date() == now.date():
            return self.say("today", clock=clock)
        if at.date() == (now - timedelta(days=1)).date():
            return self.say("yesterday", clock=clock)
        day = self.day(at) if at.year == now.year else at.date().isoformat()
        return self.say("on_day", day=day, clock=clock)


def _jiao_and_fen(minor: str) -> str:
    """Return the hundredths of a yuan as they are said."""
    jiao, fen = minor[0], minor[1]
    if fen == "0":
        return "" if jiao == "0" else f"{jiao}角"
    return f"零{fen}分" if jiao == "0" else f"{jiao}角{fen}分"

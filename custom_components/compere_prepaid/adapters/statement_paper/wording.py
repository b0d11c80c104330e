"""What statements say, and how they write numbers and days, in the languages that we have.

The three languages write `1,234.50` alike; days differ. A minus is the sign, not a hyphen.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
import json
from pathlib import Path

from ...core.money.amount import Currency

LANGUAGES = ("en", "zh-Hans", "ms")

_FOLDER = Path(__file__).parent / "texts"


def language_for(language: str) -> str:
    """Return the language that we have for one that is wanted; English if there is none."""
    match language.lower().replace("_", "-").split("-")[0]:
        case "zh":
            return "zh-Hans"
        case "ms":
            return "ms"
        case _:
            return "en"


@cache
def words_of(language: str, currency: str) -> Words:
    """Return the words of a language that we have. Blocking at the first call."""
    texts = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return Words(language, texts, Currency.of(currency))


class Words:
    """Texts, numbers and days in one language, and money in one currency."""

    def __init__(self, language: str, texts: Mapping[str, str], currency: Currency) -> None:
        """Speak with these texts."""
        self.language = language
        self.currency = currency
        self.texts = texts
        self._months = texts["months"].split()
        self.day = lru_cache(maxsize=4096)(self._day)

    def __getitem__(self, key: str) -> str:
        """Return a text."""
        return self.texts[key]

    def fill(self, key: str, **values: object) -> str:
        """Return a text with its gaps filled."""
        return self.texts[key].format_map(values)

    def named(self, prefix: str, word: str) -> str:
        """Return the text for a word of ours; owners may have words of their own."""
        return self.texts.get(f"{prefix}_{word.replace(' ', '_')}", word)

    def _day(self, day: date) -> str:
        return self._dated("date_form", day)

    def month(self, day: date) -> str:
        """Return a month of a year."""
        return self._dated("month_form", day)

    def moment(self, at: datetime) -> str:
        """Return a day and a time of it."""
        return f"{self.day(at.date())} {at:%H:%M}"

    def span(self, since: datetime, until: datetime) -> str:
        """Return the days of a time; with the clock's time where it begins or ends within one."""
        if (since.hour, since.minute, until.hour, until.minute) == (0, 0, 0, 0):
            first, last = since.date(), until.date() - timedelta(days=1)
            return self.day(first) if first == last else f"{self.day(first)} – {self.day(last)}"
        return f"{self.moment(since)} – {self.moment(until)}"

    def money(self, exact: str) -> str:
        """Write an exact amount or price with the digits that it needs, and no fewer than coins."""
        value = Decimal(exact)
        exponent = value.normalize().as_tuple().exponent
        needed = max(self.currency.digits, -exponent if isinstance(exponent, int) else 0)
        return number(value.quantize(Decimal(1).scaleb(-needed)))

    def _dated(self, form: str, day: date) -> str:
        return self.texts[form].format(
            d=day.day, mm=f"{day:%m}", dd=f"{day:%d}", y=day.year, month=self._months[day.month - 1]
        )


def number(value: Decimal | int | str) -> str:
    """Write a number with as many decimals as it has."""
    return f"{Decimal(value):,f}".replace("-", "−")


def kwh(wh: int, digits: int = 3) -> str:
    """Write energy in kWh, rounded half up to some decimals; with three it is exact."""
    exact = Decimal(wh).scaleb(-3)
    return number(exact if digits == 3 else exact.quantize(Decimal(1).scaleb(-digits)))


def rate(ppm: int) -> str:
    """Write millionths in percent, with as many decimals as needed."""
    percent = Decimal(ppm).scaleb(-4).normalize()
    return f"{percent:f} %".replace("-", "−")

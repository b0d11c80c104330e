"""What a spoken name or number comes to: letters and digits, however it was said or written.

"A-101", "A one oh one", "a 101" and "A一零一" are the same shop. Both what was heard and what shops
are called go through the same reduction, so a name with a number in it ("One Stop") stays itself.
"""

from collections.abc import Iterator
import difflib
from functools import lru_cache
import re
import unicodedata

_UNITS = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
}
_TENS = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_ZEROS = frozenset({"o", "oh"})
"""A nought, where a number goes on."""

_CHINESE = {word: value for value, word in enumerate("零一二三四五六七八九")} | {
    "\N{IDEOGRAPHIC NUMBER ZERO}": 0,
    "两": 2,
    "幺": 1,
}
_CHINESE_UNITS = {"十": 10, "百": 100, "千": 1000}
_CHINESE_RUN = re.compile(f"[{''.join(_CHINESE)}{''.join(_CHINESE_UNITS)}]+")

_TOKEN = re.compile(r"[^\W_]+")
_FILLERS = re.compile(
    r"^(?:(?:the|shop|store|account|unit|stall|meter|number)\s+)+|\s+(?:shop|store|account|meter)$"
)
_CHINESE_FILLERS = re.compile(
    "^(?:商铺|店铺|商户|账户|户号|电表|区域|楼层)|(?:这家店|商铺|店铺|商户|账户|电表|区域)$"
)
_REMEMBERED = 4096
"""Names whose reduction is kept: each question compares with all shops and places."""

_LIKE = 0.6
"""From which likeness on a name is worth asking about."""


@lru_cache(maxsize=_REMEMBERED)
def reduced(text: str) -> str:
    """Return the letters and digits of what was said or written; spoken numbers become digits."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("'s ", " ")
    plain = _CHINESE_RUN.sub(lambda run: _chinese_number(run.group()), plain)
    return "".join(_with_digits(_TOKEN.findall(plain)))


def readings(text: str) -> tuple[str, ...]:
    """Return what may be meant, the most literal first: also without words like "the shop"."""
    folded = unicodedata.normalize("NFKC", text).casefold().strip()
    bare = _CHINESE_FILLERS.sub("", _FILLERS.sub("", folded))
    return tuple(dict.fromkeys(filter(None, (reduced(folded), reduced(bare)))))


def alike(text: str, names: dict[str, str], limit: int = 3) -> list[str]:
    """Return what sounds most like a text: the values of `names`, whose keys are reduced."""
    close: dict[str, None] = {}
    for reading in readings(text):
        for key in difflib.get_close_matches(reading, names, n=limit, cutoff=_LIKE):
            close[names[key]] = None
    return list(close)[:limit]


def _with_digits(tokens: list[str]) -> Iterator[str]:
    """Yield the tokens, number words as digits: one oh one is 101, so is one hundred and one."""
    after_number = False
    at = 0
    while at < len(tokens):
        number, used = _english_number(tokens[at:])
        if number is None and after_number and tokens[at] in _ZEROS:
            number, used = 0, 1
        yield tokens[at] if number is None else str(number)
        after_number = number is not None or tokens[at][-1].isdecimal()
        at += max(1, used)


def _english_number(tokens: list[str]) -> tuple[int | None, int]:
    """Return the number that tokens begin with, and how many of them it takes."""
    number, used = _below_hundred(tokens)
    if number is None or tokens[used : used + 1] != ["hundred"]:
        return number, used
    hundreds, used = number * 100, used + 1
    rest_from = used + (tokens[used : used + 1] == ["and"])
    rest, more = _below_hundred(tokens[rest_from:])
    return (hundreds, used) if rest is None else (hundreds + rest, rest_from + more)


def _below_hundred(tokens: list[str]) -> tuple[int | None, int]:
    if not tokens:
        return None, 0
    if (unit := _UNITS.get(tokens[0])) is not None:
        return unit, 1
    if (tens := _TENS.get(tokens[0])) is None:
        return None, 0
    unit = _UNITS.get(tokens[1]) if len(tokens) > 1 else None
    return (tens + unit, 2) if unit is not None and 0 < unit < 10 else (tens, 1)


def _chinese_number(run: str) -> str:
    """Return a run of Chinese numerals as digits: read out one by one, or as a number."""
    if not any(sign in _CHINESE_UNITS for sign in run):
        return "".join(str(_CHINESE[sign]) for sign in run)
    total, digit = 0, None
    for sign in run:
        if sign in _CHINESE:
            digit = _CHINESE[sign]
        else:
            total += (1 if digit is None else digit) * _CHINESE_UNITS[sign]
            digit = None
    return str(total + (digit or 0))

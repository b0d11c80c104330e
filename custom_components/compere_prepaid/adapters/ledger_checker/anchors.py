"""Anchors: where the chain stood, as it is printed on receipts and statements.

An anchor (`1042-9f3c01aa77de`) is the number of the last transfer and the beginning of its hash.
Who has one on paper can prove that a book was cut short or written anew before that point:
something that no book can show by itself.
"""

from enum import StrEnum
import re

from sqlalchemy import Connection, text

from .chain import GENESIS

_FORM = re.compile(r"([0-9]{1,18})-([0-9a-f]{12,64})")


class Anchor(StrEnum):
    """What a book says to an anchor."""

    STANDS = "stands"
    DIFFERS = "differs"
    """Another transfer has this number: the book was written anew."""
    MISSING = "missing"
    """The book ends before it: what came after is lost."""
    INVALID = "invalid"
    """No anchor is written so."""


def find_anchor(connection: Connection, site: str, anchor: str) -> Anchor:
    """Tell whether an anchor stands in a site's book."""
    form = _FORM.fullmatch(anchor.strip().lower())
    if form is None:
        return Anchor.INVALID
    seq, beginning = int(form[1]), form[2]
    query = text("SELECT hash FROM transfer WHERE site = :site AND seq = :seq")
    found = connection.execute(query, {"site": site, "seq": seq}).scalar_one_or_none()
    if seq == 0:
        found = GENESIS
    if found is None:
        return Anchor.MISSING
    return Anchor.STANDS if found.startswith(beginning) else Anchor.DIFFERS

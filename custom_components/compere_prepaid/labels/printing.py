"""The page of labels, to print on a sheet of 21 stickers or on a printer of single labels.

It needs nothing from anywhere: the codes are drawn in it, and what somebody typed is escaped. The
sheet is A4 with 3 × 7 stickers of 63.5 × 38.1 mm; a single label has the same size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
import json
from pathlib import Path
from urllib.parse import urlsplit

from markupsafe import Markup
import segno

from ..core.ids import MeterSerial
from ..printing import filled_in

_FOLDER = Path(__file__).parent
LANGUAGES = ("en", "zh-Hans", "ms")


class Layout(StrEnum):
    """How labels lie on paper."""

    SHEET = "sheet"
    SINGLE = "single"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a meter's label says."""

    serial: MeterSerial
    name: str
    reference: str
    """The meter's number with its check character, as tenants type it."""
    url: str
    """Where its code leads; the part after `#` is a secret."""

    @property
    def code(self) -> Markup:
        """The code as a drawing; up to 15 % of it may be scratched."""
        drawing = segno.make(self.url, error="m", micro=False)
        return Markup(drawing.svg_inline(omitsize=True, border=4))  # noqa: S704  # drawn, not typed


def label_page(
    labels: Sequence[Label], *, site: str, address: str, layout: Layout, languages: Sequence[str]
) -> str:
    """Return the page as HTML; `address` is where the tenants' page is. Blocking."""
    texts = [_texts()[language] for language in languages]
    values = {
        "labels": labels,
        "site": site,
        "address": urlsplit(address).netloc,
        "layout": layout.value,
        "languages": list(languages),
        "title": texts[0]["title"],
        "calls": [each["call"] for each in texts],
    }
    return filled_in(_FOLDER / "labels.html.jinja", values)


@lru_cache(maxsize=1)
def _texts() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = json.loads((_FOLDER / "texts.json").read_text("utf-8"))
    return found

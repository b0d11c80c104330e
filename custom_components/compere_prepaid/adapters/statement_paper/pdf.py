"""A statement's PDF: its page, set by Typst with the fonts that lie beside this file."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path

import typst

_FOLDER = Path(__file__).parent
_DOCTYPE = "<!DOCTYPE html>\n"
STANDARD = "a-2a"
"""PDF/A-2a: for keeping for years, and readable for screen readers."""


@lru_cache(maxsize=1)
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[_FOLDER / "fonts"]
    )
    return typst.Compiler(_FOLDER / "statement.typ", root=_FOLDER, font_paths=fonts)


def pdf_of(page: str, made_at: datetime) -> bytes:
    """Return a page as a PDF; the same page and time give the same bytes. Blocking."""
    return _compiler().compile(
        format="pdf",
        sys_inputs={"page": page.removeprefix(_DOCTYPE)},
        pdf_standards=STANDARD,
        timestamp=made_at,
    )

"""A statement's PDF: its page, set by Typst with the fonts that lie beside this file.

It is a PDF/A-2a: for keeping for years, and with the structure that screen readers need. That
standard allows no letter that the fonts do not have: a statement with one, say in the name of a
shop, is a plain PDF with a box in its place.
"""

from datetime import UTC
from functools import lru_cache
from pathlib import Path
from typing import Literal

import typst

from .view import Statement

_FOLDER = Path(__file__).parent
_DOCTYPE = "<!DOCTYPE html>\n"


@lru_cache(maxsize=1)
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[_FOLDER / "fonts"]
    )
    return typst.Compiler(_FOLDER / "statement.typ", root=_FOLDER, font_paths=fonts)


def pdf_of(page: str, statement: Statement) -> bytes:
    """Return a statement's page as a PDF; the same page gives the same bytes. Blocking."""
    try:
        return _set(page, statement, "a-2a")
    except typst.TypstError:
        return _set(page, statement, None)


def _set(page: str, statement: Statement, standard: Literal["a-2a"] | None) -> bytes:
    made = _compiler().compile(
        format="pdf",
        sys_inputs={"page": page.removeprefix(_DOCTYPE)},
        pdf_standards=standard,
        timestamp=statement.issued_at.astimezone(UTC).replace(microsecond=0),
    )
    if not isinstance(made, bytes):
        raise TypeError("a PDF is one file")
    return made

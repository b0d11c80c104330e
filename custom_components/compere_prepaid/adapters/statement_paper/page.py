"""A statement's page: XHTML that browsers show and print, and that the PDF is set from."""

from base64 import b64encode
from functools import lru_cache
import hashlib
from pathlib import Path
import re

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from .view import Statement, sheet_of
from .wording import words_of

_FOLDER = Path(__file__).parent
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML may hold."""


@lru_cache(maxsize=1)
def _template() -> tuple[Template, Markup]:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_printable, auto_reload=False
    )
    page = (_FOLDER / "statement.html.jinja").read_text("utf-8")
    style = (_FOLDER / "statement.css").read_text("utf-8")
    return environment.from_string(page), Markup(style)  # noqa: S704  -- our own file


def _printable(value: object) -> object:
    return _UNPRINTABLE.sub("�", value) if type(value) is str else value


def page_of(statement: Statement, language: str) -> str:
    """Return a statement's page in one of our languages. Blocking at the first call."""
    template, style = _template()
    return template.render(
        sheet=sheet_of(statement, words_of(language, statement.content["currency"])), style=style
    )


def page_policy(page: str) -> str:
    """Return the Content-Security-Policy under which a browser may show a page, and no more.

    A page that was printed by an earlier version has another style; the one that is in it counts.
    """
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; sandbox allow-modals"
    )

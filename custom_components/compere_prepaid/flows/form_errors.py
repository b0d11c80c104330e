"""What a form answers when an input cannot be accepted.

A flow checks its input from top to bottom and raises `FormError` at the first thing that is wrong;
the step catches it and shows the same form again, with everything the user typed still in it. The
key is a translation key under `error` of that flow, the placeholders fill its text.

Core errors carry translation keys as well. Which of them a form knows how to explain, and next to
which field, each flow says in a table; the rest ends as `unexpected`, with the plain message.
"""

from collections.abc import Mapping

from ..core.errors import PrepaidError

BASE = "base"
"""The error belongs to the whole form."""


class FormError(Exception):
    """A field cannot be accepted; nothing was changed."""

    def __init__(self, field: str, key: str, /, **placeholders: object) -> None:
        """Remember where the error is shown, which text, and what fills it."""
        super().__init__(f"{field}: {key}")
        self.errors = {field: key}
        self.placeholders = {name: str(value) for name, value in placeholders.items()}


def form_error(error: PrepaidError, fields: Mapping[str, str]) -> FormError:
    """Turn a core error into a form's; `fields` maps the keys that the form explains to fields."""
    if (field := fields.get(error.key)) is None:
        return FormError(BASE, "unexpected", error=error)
    return FormError(field, error.key, **error.placeholders)

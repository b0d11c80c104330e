"""Documents that arrive as data, not as text: what an automation writes into a field.

Whoever made data of it has guessed as YAML guesses; here it becomes what reading the text would
have given: exact numbers, days as text.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any

from .document_faults import Fault
from .documents import MAX_DEPTH, Document, DocumentError, read_document


def document_of(value: Any, *, file: str) -> Document:
    """Return text, or data that were text, as a document. Raises `DocumentError`."""
    if isinstance(value, str):
        return read_document(value, file=file)
    return Document(data=_exact(value, 0, file), lines={})


def _exact(value: Any, depth: int, file: str) -> Any:
    if depth > MAX_DEPTH:
        message = f"is nested deeper than {MAX_DEPTH} levels"
        raise DocumentError(file, [Fault(line=1, path="", message=message)])
    if isinstance(value, float):
        return Decimal(repr(value)) if isfinite(value) else repr(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _exact(part, depth + 1, file) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(part, depth + 1, file) for part in value]
    return value

"""Records as plain data for JSON, and back: what is at its default is left out.

What a record may be made of: other records, tuples, mappings with texts as keys, sets of texts,
enumerations, days, whole numbers, texts, and None.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from enum import StrEnum
from functools import cache
import json
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints


def canonical(data: Any) -> str:
    """Return plain data as JSON: the same data have the same text, always."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def plain(value: Any) -> Any:
    """Return a record as plain data."""
    found = value
    if isinstance(value, StrEnum):
        found = value.value
    elif isinstance(value, date):
        found = value.isoformat()
    elif isinstance(value, frozenset):
        found = sorted(value)
    elif isinstance(value, tuple):
        found = [plain(part) for part in value]
    elif isinstance(value, Mapping):
        found = {str(key): plain(part) for key, part in value.items()}
    elif is_dataclass(value):
        kind: Any = type(value)
        found = {
            name: plain(part)
            for name, default in _defaults(kind).items()
            if (part := getattr(value, name)) != default
        }
    return found


def record[T](kind: type[T], data: Any) -> T:
    """Return the record that `plain` made these data of."""
    found: T = _read(kind, data)
    return found


@cache
def _defaults(kind: Any) -> Mapping[str, Any]:
    """Return the defaults of a record by name; what has none is equal to nothing."""
    return {
        part.name: part.default_factory() if part.default_factory is not MISSING else part.default
        for part in fields(kind)
    }


@cache
def _types(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, data: Any) -> Any:
    """Read data as what a type says."""
    if isinstance(kind, UnionType):
        given = [part for part in get_args(kind) if part is not NoneType]
        return data if data is None or len(given) > 1 else _read(given[0], data)
    parts = get_args(kind)
    outer = get_origin(kind) or kind
    found = data
    if not isinstance(outer, type):  # a new name for a text or a number
        pass
    elif is_dataclass(outer):
        types = _types(outer)
        found = outer(**{name: _read(types[name], part) for name, part in data.items()})
    elif issubclass(outer, tuple):
        found = tuple(_read(parts[0], part) for part in data)
    elif issubclass(outer, Mapping):
        found = {key: _read(parts[1], part) for key, part in data.items()}
    elif issubclass(outer, date):
        found = date.fromisoformat(data)
    elif issubclass(outer, frozenset | StrEnum):
        found = outer(data)
    return found

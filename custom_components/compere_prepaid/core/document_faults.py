"""What is wrong with a document, in words for the person who wrote it.

A JSON schema says what fits; its own messages are made for programmers. Here each of its findings
becomes a `Fault`: a line, a path and a sentence that says what to write instead. A subschema with a
`pattern` describes itself in its `description` ("a time of day like 08:00"); that is what is shown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from itertools import groupby
import json
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

MAX_FAULTS = 500
_SHOWN_CHARACTERS = 60
_MESSAGE_CHARACTERS = 200

_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a group of 'key: value' lines",
    "null": "empty",
}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fault:
    """One thing to put right: where, and what."""

    line: int
    path: str
    """Like `accounts[3].tariff`; empty for the document as a whole."""
    message: str

    def __str__(self) -> str:
        """Return one line of text."""
        where = f" {self.path}:" if self.path else ""
        return f"line {self.line}:{where} {self.message}"


def path_of(parts: Iterable[str | int]) -> str:
    """Return the parts of a path as people write them: `accounts[3].tariff`."""
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


def schema_faults(
    data: Any, schema: Mapping[str, Any], lines: Mapping[str, int]
) -> tuple[Fault, ...]:
    """Return everything in the data that does not fit the schema, at most `MAX_FAULTS`."""
    found: dict[Fault, None] = {}
    for error in _validator(json.dumps(schema)).iter_errors(data):
        for path, message in _explain(error):
            found[Fault(line=_nearest(path, lines), path=path_of(path), message=message)] = None
            if len(found) >= MAX_FAULTS:
                return tuple(found)
    return tuple(found)


@lru_cache(maxsize=32)
def _validator(schema: str) -> Draft202012Validator:
    """Check and prepare a schema once; its numbers are exact, like the data's."""
    parsed = json.loads(schema, parse_float=Decimal)
    Draft202012Validator.check_schema(parsed)
    return Draft202012Validator(parsed, format_checker=Draft202012Validator.FORMAT_CHECKER)


type _Path = tuple[str | int, ...]


def _nearest(path: _Path, lines: Mapping[str, int]) -> int:
    for length in range(len(path), 0, -1):
        if (line := lines.get(path_of(path[:length]))) is not None:
            return line
    return lines.get("", 1)


def _explain(error: ValidationError) -> Iterator[tuple[_Path, str]]:
    """Yield path and sentence of all that one finding of the validator means."""
    path: _Path = tuple(error.absolute_path)
    match error.validator:
        case "additionalProperties" | "unevaluatedProperties":
            for key, message in _unknown_keys(error):
                yield (*path, key), message
        case "required":
            for key in sorted(_missing(_value(error), error.instance)):
                yield path, f"'{key}' is missing"
        case "anyOf" | "oneOf":
            yield from _alternatives(error, path)
        case _ if "propertyNames" in error.schema_path:
            yield (*path, str(error.instance)), f"as a key: {_sentence(error)}"
        case _:
            yield path, _sentence(error)


def _missing(keys: Iterable[str], present: Any) -> list[str]:
    """Return those keys that are not among the present ones, in order."""
    return [key for key in keys if key not in present]


def _unknown_keys(error: ValidationError) -> Iterator[tuple[str, str]]:
    known = list(_schema(error).get("properties", ()))
    present: Any = error.instance
    for key in _missing(present, known):
        if close := get_close_matches(key, known, 1):
            yield key, f"unknown key '{key}', did you mean '{close[0]}'?"
        elif known:
            yield key, f"unknown key '{key}'; known here: {', '.join(known)}"
        else:
            yield key, f"unknown key '{key}': none is expected here"


def _alternatives(error: ValidationError, path: _Path) -> Iterator[tuple[_Path, str]]:
    """Tell the faults of the alternative that was meant, or name them all."""
    if description := _schema(error).get("description"):
        yield path, _must_be(description, error.instance)
        return
    context = sorted(error.context or (), key=lambda inner: inner.schema_path[0])
    branches = [
        list(inner) for _, inner in groupby(context, key=lambda inner: inner.schema_path[0])
    ]
    meant = [branch for branch in branches if not any(map(_is_of_other_kind, branch))]
    if meant:
        for inner in min(meant, key=len):
            yield from _explain(inner)
    else:
        wanted = {what for branch in branches for inner in branch for what in _wanted(inner)}
        yield path, _must_be(" or ".join(sorted(wanted)), error.instance)


def _is_of_other_kind(error: ValidationError) -> bool:
    """Tell whether an alternative cannot have been meant: it asks for another type of value."""
    if error.path:
        return False
    if error.validator == "const":
        return type(_value(error)) is not type(error.instance)
    return error.validator == "type"


def _wanted(error: ValidationError) -> Iterator[str]:
    value = _value(error)
    if error.validator == "const":
        yield show(value)
    elif error.validator == "type":
        for kind in [value] if isinstance(value, str) else value:
            yield _KINDS[kind]


def _sentence(error: ValidationError) -> str:
    instance, value = error.instance, _value(error)
    keyword = str(error.validator)
    if keyword == "type":
        return _wrong_type(instance, value)
    if keyword == "enum":
        return _one_of(instance, value)
    if keyword in ("pattern", "not") and (description := _schema(error).get("description")):
        return _must_be(description, instance)
    if keyword == "format":
        return _must_be("a date like 2026-01-31" if value == "date" else value, instance)
    if keyword == "const":
        return _must_be(show(value), instance)
    return _limit(keyword, value, instance) or error.message[:_MESSAGE_CHARACTERS]


def _value(error: ValidationError) -> Any:
    """Return what the violated keyword says (`minimum: 3` says 3)."""
    return error.validator_value


def _schema(error: ValidationError) -> Mapping[str, Any]:
    """Return the subschema that was violated; a schema that is just `false` has no keys."""
    return error.schema if isinstance(error.schema, Mapping) else {}


def _limit(keyword: str, value: Any, instance: Any) -> str | None:
    """Explain the keywords that bound a number or a length."""
    numbers = {
        "minimum": f"at least {value}",
        "maximum": f"at most {value}",
        "exclusiveMinimum": f"more than {value}",
        "exclusiveMaximum": f"less than {value}",
        "multipleOf": f"a multiple of {value}",
    }
    if keyword in numbers:
        return _must_be(numbers[keyword], instance)
    lengths = {
        "minLength": f"have at least {value} characters",
        "maxLength": f"have at most {value} characters",
        "minItems": f"have at least {value} entries",
        "maxItems": f"have at most {value} entries",
        "minProperties": f"have at least {value} keys",
        "maxProperties": f"have at most {value} keys",
    }
    if keyword.startswith("min") and value == 1 and keyword in lengths:
        return "must not be empty"
    if keyword in lengths:
        return f"must {lengths[keyword]}, not {len(instance)}"
    return "lists the same entry twice" if keyword == "uniqueItems" else None


def _wrong_type(instance: Any, expected: str | Sequence[str]) -> str:
    kinds = [expected] if isinstance(expected, str) else list(expected)
    if kinds == ["string"] and isinstance(instance, int | Decimal):
        return f'must be text: put it into quotes, "{show(instance)}"'
    if instance is None:
        return f"is empty: it must be {' or '.join(_KINDS[kind] for kind in kinds)}"
    return _must_be(" or ".join(_KINDS[kind] for kind in kinds), instance)


def _one_of(instance: Any, allowed: Sequence[Any]) -> str:
    names = [show(item) for item in allowed]
    close = get_close_matches(str(instance), [str(item) for item in allowed], 1)
    hint = f", did you mean '{close[0]}'?" if close else ""
    return f"must be one of {', '.join(names)}, not {show(instance)}{hint}"


def _must_be(what: str, instance: Any) -> str:
    return f"must be {what}, not {show(instance)}"


def show(value: Any) -> str:
    """Return a value as the person wrote it, cut to a readable length."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "empty"
    if isinstance(value, Mapping):
        return "a group of keys"
    if isinstance(value, list):
        return "a list"
    text = f"'{value}'" if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"

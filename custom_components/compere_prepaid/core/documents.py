"""Documents that people write: site files, meter profiles, tariffs.

A document is YAML, read strictly. Where YAML guesses, this loader does not: a number with a point
is an exact `Decimal` (never a float), `yes` and `on` are text, `12:30` is a time of day and not
750, `2026-01-01` stays text, `007` keeps its zeros, and a key that stands twice is a fault instead
of a silent overwrite. Aliases, tags and more than 2 MB are refused, so that no small file can grow
large in memory.

Whatever is wrong is told all at once, each fault with its line, its path and a sentence that the
person who wrote the file understands.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
import re
from typing import Any, NoReturn

import yaml

from .document_faults import Fault, path_of, schema_faults
from .errors import InvalidInputError

MAX_BYTES = 2_000_000
MAX_DEPTH = 40
MAX_DIGITS = 30
SHOWN_FAULTS = 20

# libyaml's parser where it is compiled in (it nearly always is): ten times quicker, same events.
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_CONSTANTS: Mapping[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
# What a plain scalar may be besides text. With an exponent it is text: 33E5 is a serial number.
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], int | Decimal]], ...] = (
    (re.compile(r"[-+]?(0|[1-9][0-9]*)"), int),
    (re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+"), Decimal),
    (re.compile(r"0x[0-9A-Fa-f]{1,8}"), partial(int, base=16)),
)


class DocumentError(InvalidInputError):
    """A document was refused; nothing of it was used. `faults` has every reason, in order."""

    def __init__(self, file: str, faults: Iterable[Fault]) -> None:
        """Sort the faults by line and put the first of them into the message."""
        unique = dict.fromkeys(faults)  # in the order in which they were found
        self.faults = tuple(sorted(unique, key=lambda fault: (fault.line, fault.path)))
        shown = [str(fault) for fault in self.faults[:SHOWN_FAULTS]]
        if len(self.faults) > SHOWN_FAULTS:
            shown.append(f"… and {len(self.faults) - SHOWN_FAULTS} more")
        super().__init__("document_invalid", file=file, faults="\n".join(shown))


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that fits its schema, and where each part of it stands."""

    data: Any
    lines: Mapping[str, int]
    """Path (`accounts[3].tariff`) to line, from 1. The document itself has the empty path."""

    def line_of(self, *path: str | int) -> int:
        """Return the line of a part; of its nearest parent where it is not written down."""
        for length in range(len(path), 0, -1):
            if (line := self.lines.get(path_of(path[:length]))) is not None:
                return line
        return self.lines.get("", 1)

    def fault(self, *path: str | int, message: str) -> Fault:
        """Build a fault for what only the reader of the data can find, e.g. a dangling name."""
        return Fault(line=self.line_of(*path), path=path_of(path), message=message)


def load_document(text: str, schema: Mapping[str, Any], *, file: str) -> Document:
    """Read YAML text and check it against a JSON schema (draft 2020-12).

    `file` is the name that the person knows the document by. Raises `DocumentError` with all
    faults. Blocking: milliseconds for a site, half a second for the largest document allowed.
    """
    document = read_document(text, file=file)
    if faults := schema_faults(document.data, schema, document.lines):
        raise DocumentError(file, faults)
    return document


def read_document(text: str, *, file: str) -> Document:
    """Read YAML text without looking at its meaning. Raises `DocumentError`."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        message = f"is larger than {MAX_BYTES // 1_000_000} MB: split it into several files"
        raise DocumentError(file, [Fault(line=1, path="", message=message)])
    builder = _Builder()
    try:
        data = builder.build(yaml.parse(text, Loader=_PARSER))
    except yaml.MarkedYAMLError as error:
        builder.faults.append(_syntax_fault(error, text))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"has a character that YAML does not allow (U+{error.character:04X}): remove it"
        builder.faults.append(Fault(line=line, path="", message=message))
    except _RefusedError as error:
        builder.faults.append(error.fault)
    if builder.faults:
        raise DocumentError(file, builder.faults)
    return Document(data=data, lines=builder.lines)


class _RefusedError(Exception):
    """Reading stops here: going on could cost memory, or make no sense."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


@dataclass(slots=True)
class _Builder:
    """Builds plain data out of the parser's events; remembers lines, collects faults."""

    lines: dict[str, int] = field(default_factory=lambda: {"": 1})
    faults: list[Fault] = field(default_factory=list)

    def build(self, events: Iterable[yaml.Event]) -> Any:
        """Consume the events of a stream that holds at most one document."""
        stream = iter(events)
        data: Any = None
        seen = False
        for event in stream:
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    self._refuse(event, (), "holds a second document (after '---'): remove it")
                seen = True
                data = self._value(next(stream), stream, ())
        return data

    def _value(
        self, event: yaml.Event, stream: Iterator[yaml.Event], path: tuple[str | int, ...]
    ) -> Any:
        if len(path) > MAX_DEPTH:
            self._refuse(event, path[:3], f"is nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, path, "is an alias ('*'): write the value out")
        if getattr(event, "tag", None) not in (None, "!"):
            self._refuse(event, path, "has a tag ('!'): tags are not allowed here")
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(stream, path)
        return self._mapping(stream, path)

    def _sequence(self, stream: Iterator[yaml.Event], path: tuple[str | int, ...]) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(stream), yaml.SequenceEndEvent):
            here = (*path, len(items))
            self.lines[path_of(here)] = _line(event)
            items.append(self._value(event, stream, here))
        return items

    def _mapping(self, stream: Iterator[yaml.Event], path: tuple[str | int, ...]) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while not isinstance(event := next(stream), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, path, "has a key that is not plain text")
            key = str(event.value)
            here = (*path, key)
            if key in items:
                first = self.lines[path_of(here)]
                message = f"stands here twice, also on line {first}: remove one of them"
                self._fault(event, here, message)
            else:
                self.lines[path_of(here)] = _line(event)
            items[key] = self._value(next(stream), stream, here)
        return items

    def _fault(self, event: yaml.Event, path: tuple[str | int, ...], message: str) -> None:
        self.faults.append(Fault(line=_line(event), path=path_of(path), message=message))

    def _refuse(self, event: yaml.Event, path: tuple[str | int, ...], message: str) -> NoReturn:
        raise _RefusedError(Fault(line=_line(event), path=path_of(path), message=message))


def _scalar(event: yaml.ScalarEvent) -> str | int | Decimal | bool | None:
    text = str(event.value)
    if event.style:  # quoted or a block: text, whatever it looks like
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if len(text) <= MAX_DIGITS:
        for pattern, convert in _NUMBERS:
            if pattern.fullmatch(text):
                return convert(text)
    return text


def _line(event: yaml.Event) -> int:
    mark: Any = event.start_mark  # libyaml's and Python's marks have no common type
    return int(mark.line) + 1


def _syntax_fault(error: yaml.MarkedYAMLError, text: str) -> Fault:
    """Say where YAML itself was not understood, in the fewest words that help."""
    mark = error.problem_mark or error.context_mark
    line = 1 if mark is None else int(mark.line) + 1
    problem = error.problem or error.context or "this is not YAML"
    if "cannot start any token" in problem and "\t" in "".join(text.splitlines()[line - 1 : line]):
        problem = "a tab stands where spaces must: indent with spaces"
    elif "mapping values are not allowed" in problem:
        problem = "a ':' stands where none may: is the line above complete, is the indent right?"
    return Fault(line=line, path="", message=f"cannot be read: {problem}")

"""A part of a document while its meaning is read.

A schema knows shapes; it does not know that an account names a tariff that nobody wrote, or that a
price has more decimals than money has. Such findings belong beside the schema's, all told at once,
and none of them twice: where the shape is wrong already, nothing follows from it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from .document_faults import Fault, path_of, schema_faults, show
from .documents import Document, DocumentError
from .errors import InvalidInputError

_MONEY_SENTENCES = {
    "amount_not_a_number": "must be an amount like 12.50, not {amount}",
    "amount_too_precise": "has too many decimals: money has at most {digits} here",
    "amount_too_large": "is too large to be an amount of money",
    "price_not_a_number": "must be a price per kWh like 0.6173, not {price}",
    "price_negative": "must not be negative",
    "price_too_precise": "has too many decimals: a price per kWh has at most {digits}",
    "price_too_large": "is too large: a price per kWh is at most {limit}",
}


@dataclass(slots=True)
class Findings:
    """A document and all that was found wrong with it."""

    document: Document
    schema: tuple[Fault, ...] = ()
    meaning: list[Fault] = field(default_factory=list)
    unsound: set[str] = field(default_factory=set, init=False)
    """Paths of all parts at or within which the schema found something."""
    misshapen: set[str] = field(default_factory=set, init=False)
    """Paths of the parts that the schema found wrong themselves."""

    def __post_init__(self) -> None:
        """Mark what holds a fault, up to the document itself."""
        for fault in self.schema:
            path = fault.path
            self.misshapen.add(path)
            while path not in self.unsound:
                self.unsound.add(path)
                path = path[: max(path.rfind("."), path.rfind("["), 0)]

    @property
    def all(self) -> tuple[Fault, ...]:
        """Everything, the schema's findings first."""
        return (*self.schema, *self.meaning)


class Section(NamedTuple):
    """One part of a document, and where it stands."""

    value: Any
    path: tuple[str | int, ...]
    findings: Findings

    @property
    def sound(self) -> bool:
        """Tell whether the schema found nothing wrong with this part or within it."""
        return path_of(self.path) not in self.findings.unsound

    @property
    def line(self) -> int:
        """The line on which it begins."""
        return self.findings.document.line_of(*self.path)

    def part(self, key: str) -> Section | None:
        """Return what stands under a key if it stands there and has the right shape."""
        if key not in self.value:
            return None
        part = Section(self.value[key], (*self.path, key), self.findings)
        return part if part.sound else None

    def group(self, key: str) -> Section:
        """Return the group under a key, also a wrong one; an empty one if there is none."""
        value = self.value.get(key)
        value = value if isinstance(value, Mapping) else {}
        return Section(value, (*self.path, key), self.findings)

    def entries(self, key: str) -> Iterator[Section]:
        """Yield the groups of the list under a key, also those in which something is wrong."""
        entries = self.value.get(key)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, Mapping):
                yield Section(entry, (*self.path, key, index), self.findings)

    def items(self, key: str) -> Iterator[Section]:
        """Yield those parts of the list or group under a key that have the right shape.

        None where it is not the list or group itself that it should be.
        """
        if path_of((*self.path, key)) in self.findings.misshapen:
            return
        value = self.value.get(key)
        keys: Iterable[str | int] = ()
        if isinstance(value, list):
            keys = range(len(value))
        elif isinstance(value, Mapping):
            keys = value
        for inner in keys:
            part = Section(value[inner], (*self.path, key, inner), self.findings)
            if part.sound:
                yield part

    def text(self, key: str) -> str | None:
        """Return the text (or whole number, as text) under a key if it has the right shape."""
        part = self.part(key)
        return None if part is None else str(part.value)

    def fault(self, message: str) -> None:
        """Report what is wrong with this part."""
        self.findings.meaning.append(self.findings.document.fault(*self.path, message=message))

    def money[T: int](
        self, parse: Callable[[Any], T], sentences: Mapping[str, str] = _MONEY_SENTENCES
    ) -> T | None:
        """Read this part as an amount or a price, or report why it is none."""
        try:
            return parse(self.value)
        except InvalidInputError as error:
            shown = {**error.placeholders, "amount": show(self.value), "price": show(self.value)}
            self.fault(sentences[error.key].format_map(shown))
            return None


def read_whole[T](
    document: Document,
    schema: Mapping[str, Any],
    read: Callable[[Section], T | None],
    *,
    file: str,
) -> T:
    """Read a document that holds one thing. Raises `DocumentError` with everything wrong."""
    findings = Findings(document, schema_faults(document.data, schema, document.lines))
    found = read(Section(document.data, (), findings))
    if found is None or findings.all:
        raise DocumentError(file, findings.all)
    return found


def number_text(number: Decimal) -> str:
    """Return an exact number in its shortest plain form: 0.5, 1200, never 1.2E+3."""
    if number == number.to_integral_value():
        return str(int(number))
    return format(number.normalize(), "f")

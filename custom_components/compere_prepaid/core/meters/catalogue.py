"""All meter profiles that are known: the ones we ship and the user's own.

A profile that is wrong is left out and told about; it never keeps the others from working.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
import json
from pathlib import Path
from typing import Any

from ..document_faults import Fault, schema_faults
from ..documents import Document, DocumentError, read_document
from ..errors import InvalidInputError
from ..metering.reading import Quantity
from .decode import Encoding, Unit
from .dlt645_document import dlt645_faults, dlt645_profile_from
from .modbus_profile import modbus_profile_from
from .profile import MeterProtocol, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Profiles by name."""

    profiles: Mapping[str, Profile]
    refused: tuple[DocumentError, ...] = ()
    """Files that were left out, each with all its faults."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return all names, sorted."""
        return tuple(sorted(self.profiles))

    def get(self, name: str) -> Profile:
        """Return the profile of that name. Raises `InvalidInputError` (`profile_unknown`)."""
        profile = self.profiles.get(name)
        if profile is None:
            raise InvalidInputError("profile_unknown", profile=name, known=", ".join(self.names))
        return profile


def load_catalogue(folders: Sequence[Path]) -> Catalogue:
    """Read all profiles in these folders; the first of a name wins. Blocking.

    A folder that is missing is empty.
    """
    profiles: dict[str, Profile] = {}
    refused: list[DocumentError] = []
    for file in (file for folder in folders for file in sorted(folder.glob("*.yaml"))):
        try:
            profile = load_profile(file)
            if profile.name in profiles:
                message = f"there is a profile '{profile.name}' already: choose another name"
                fault = Fault(line=1, path="name", message=message)
                raise DocumentError(file.name, [fault])  # noqa: TRY301  # joins the others below
        except DocumentError as error:
            refused.append(error)
        else:
            profiles[profile.name] = profile
    return Catalogue(profiles=profiles, refused=tuple(refused))


def load_profile(file: Path) -> Profile:
    """Read one profile. Raises `DocumentError`. Blocking."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fault = Fault(line=1, path="", message=f"cannot be read: {error}")
        raise DocumentError(file.name, [fault]) from error
    document = read_document(text, file=file.name)
    language = _LANGUAGES[_protocol_of(document.data)]
    faults = list(schema_faults(document.data, language.schema, document.lines))
    if faults := faults or list(_faults(document, file.stem, language)):
        raise DocumentError(file.name, faults)
    return language.build(document.data)


def _protocol_of(data: Any) -> MeterProtocol:
    """Return the protocol that a document names; what names none is of a Modbus meter."""
    name = data.get("protocol") if isinstance(data, Mapping) else None
    if isinstance(name, str) and name in MeterProtocol:
        return MeterProtocol(name)
    return MeterProtocol.MODBUS


def _faults(document: Document, stem: str, language: _Language) -> Iterator[Fault]:
    """Find what a schema cannot see."""
    if document.data["name"] != stem:
        message = f"must be the file's name, '{stem}'"
        yield document.fault("name", message=message)
    yield from language.faults(document)


def modbus_faults(document: Document) -> Iterator[Fault]:
    """Find what a schema cannot see."""
    data = document.data
    identity = data["identity"]
    if identity["characters"] > 2 * identity["count"]:
        message = f"does not fit into {identity['count']} registers of two characters"
        yield document.fault("identity", "characters", message=message)
    yield from _block_faults(document)
    yield from _measurand_faults(document)
    yield from _relay_faults(document)


def _block_faults(document: Document) -> Iterator[Fault]:
    data = document.data
    blocks = [*data["blocks"], {**data["identity"], "name": "identity"}]
    for index, block in enumerate(data["blocks"]):
        if block["count"] > data["longest_read"]:
            message = f"is more than longest_read ({data['longest_read']}): split the block"
            yield document.fault("blocks", index, "count", message=message)
    for (index, block), (_, other) in combinations(enumerate(blocks), 2):
        if block["name"] == other["name"]:
            message = f"'{block['name']}' stands twice: every block needs a name of its own"
            yield document.fault("blocks", index, "name", message=message)
        if (block["count"], block["function"]) == (other["count"], other["function"]):
            message = (
                f"is as long as '{other['name']}': a late answer to one could pass for the other's;"
                " read one register more"
            )
            yield document.fault("blocks", index, "count", message=message)


def _measurand_faults(document: Document) -> Iterator[Fault]:
    data = document.data
    seen: set[str] = set()
    for index, measurand in enumerate(data["measurands"]):
        quantity, unit = Quantity(measurand["quantity"]), Unit(measurand["unit"])
        if quantity in seen:
            message = f"'{quantity}' stands twice"
            yield document.fault("measurands", index, "quantity", message=message)
        seen.add(quantity)
        if quantity.is_energy != unit.is_energy:
            message = f"'{unit}' cannot be the unit of {quantity}"
            yield document.fault("measurands", index, "unit", message=message)
        if not _is_in_a_block(measurand, data["blocks"]):
            yield document.fault("measurands", index, "address", message="lies in no block")
    if Quantity.ENERGY_IMPORT not in seen:
        message = "'energy_import' is missing: it is what is charged"
        yield document.fault("measurands", message=message)


def _is_in_a_block(measurand: Mapping[str, Any], blocks: Sequence[Mapping[str, Any]]) -> bool:
    first = measurand["address"]
    last = first + Encoding(measurand["type"]).registers
    return any(
        block["function"] == measurand.get("function", "read_holding")
        and block["address"] <= first
        and last <= block["address"] + block["count"]
        for block in blocks
    )


def _relay_faults(document: Document) -> Iterator[Fault]:
    data = document.data
    if (relay := data.get("relay")) is None:
        return
    if relay["closed"] == relay["open"]:
        message = "is the same as 'open': the two states must differ"
        yield document.fault("relay", "closed", message=message)
    is_coil = relay["write"]["function"] == "write_coil"
    for key in ("closed", "open"):
        if is_coil and relay[key] > 1:
            message = f"must be 0 or 1 for a coil, not {relay[key]}"
            yield document.fault("relay", key, message=message)
    for entry in data.get("never_write", ()):
        within = 0 <= relay["write"]["address"] - entry["address"] < entry["count"]
        if within and not is_coil:
            message = f"must never be written: {entry['reason']}"
            yield document.fault("relay", "write", "address", message=message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Language:
    """How the profiles of one protocol's meters are read."""

    schema_file: str
    faults: Callable[[Document], Iterator[Fault]]
    build: Callable[[Mapping[str, Any]], Profile]

    @property
    def schema(self) -> Mapping[str, Any]:
        """Return the schema. Blocking the first time."""
        return _schema(self.schema_file)


@cache
def _schema(name: str) -> Mapping[str, Any]:
    schema: dict[str, Any] = json.loads(Path(__file__).with_name(name).read_text("utf-8"))
    return schema


_LANGUAGES: Mapping[MeterProtocol, _Language] = {
    MeterProtocol.MODBUS: _Language(
        schema_file="modbus_profile.schema.json", faults=modbus_faults, build=modbus_profile_from
    ),
    MeterProtocol.DLT645: _Language(
        schema_file="dlt645_profile.schema.json", faults=dlt645_faults, build=dlt645_profile_from
    ),
}

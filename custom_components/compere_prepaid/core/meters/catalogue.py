"""All meter profiles that are known: the ones we ship and the user's own.

A profile that is wrong is left out and told about; it never keeps the others from working.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from ..document_faults import Fault
from ..documents import Document, DocumentError, load_document, read_document
from ..errors import InvalidInputError
from .compere_mqtt.faults import compere_mqtt_faults
from .compere_mqtt.profile import compere_mqtt_profile_from
from .dlt645_document import dlt645_faults, dlt645_profile_from
from .modbus_document import modbus_profile_from
from .modbus_faults import modbus_faults
from .profile import MeterProtocol, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class _Language:
    """How profiles of one protocol are written: their schema, what it cannot see, the profile."""

    schema: Mapping[str, Any]
    faults: Callable[[Document], Iterator[Fault]]
    build: Callable[[Mapping[str, Any]], Profile]


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
    languages = _languages()
    profiles: dict[str, Profile] = {}
    refused: list[DocumentError] = []
    for file in (file for folder in folders for file in sorted(folder.glob("*.yaml"))):
        try:
            profile = _load_profile(file, languages)
            if profile.name in profiles:
                message = f"there is a profile '{profile.name}' already: choose another name"
                fault = Fault(line=1, path="name", message=message)
                raise DocumentError(file.name, [fault])  # noqa: TRY301  # joins the others below
        except DocumentError as error:
            refused.append(error)
        else:
            profiles[profile.name] = profile
    return Catalogue(profiles=profiles, refused=tuple(refused))


def _languages() -> Mapping[str, _Language]:
    """Return how each protocol's profiles are written. Blocking."""
    return {
        MeterProtocol.MODBUS: _Language(
            schema=_schema("modbus_profile"), faults=modbus_faults, build=modbus_profile_from
        ),
        MeterProtocol.DLT645: _Language(
            schema=_schema("dlt645_profile"), faults=dlt645_faults, build=dlt645_profile_from
        ),
        MeterProtocol.COMPERE_MQTT: _Language(
            schema=_schema("compere_mqtt_profile"),
            faults=compere_mqtt_faults,
            build=compere_mqtt_profile_from,
        ),
    }


def _schema(name: str) -> Mapping[str, Any]:
    text = Path(__file__).with_name(f"{name}.schema.json").read_text("utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema


def _load_profile(file: Path, languages: Mapping[str, _Language]) -> Profile:
    """Read one profile. Raises `DocumentError`. Blocking.

    A profile that names no protocol is one of Modbus.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fault = Fault(line=1, path="", message=f"cannot be read: {error}")
        raise DocumentError(file.name, [fault]) from error
    written = read_document(text, file=file.name)
    protocol = written.data.get("protocol") if isinstance(written.data, Mapping) else None
    language = languages.get(str(protocol or MeterProtocol.MODBUS))
    if language is None:
        message = f"there is no protocol '{protocol}'; known are {', '.join(languages)}"
        raise DocumentError(file.name, [written.fault("protocol", message=message)])
    document = load_document(text, language.schema, file=file.name)
    faults = list(language.faults(document))
    if document.data["name"] != file.stem:
        message = f"must be the file's name, '{file.stem}'"
        faults.append(document.fault("name", message=message))
    if faults:
        raise DocumentError(file.name, faults)
    return language.build(document.data)

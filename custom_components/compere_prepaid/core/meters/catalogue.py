"""All meter profiles that are known: the ones we ship and the user's own.

A profile that is wrong is left out and told about; it never keeps the others from working.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from ..document_faults import Fault
from ..documents import Document, DocumentError, load_document
from ..errors import InvalidInputError
from .modbus_document import modbus_profile_from
from .modbus_faults import modbus_faults
from .profile import Profile

_SCHEMA = Path(__file__).with_name("modbus_profile.schema.json")


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
    schema: dict[str, Any] = json.loads(_SCHEMA.read_text("utf-8"))
    profiles: dict[str, Profile] = {}
    refused: list[DocumentError] = []
    for file in (file for folder in folders for file in sorted(folder.glob("*.yaml"))):
        try:
            profile = load_profile(file, schema)
            if profile.name in profiles:
                message = f"there is a profile '{profile.name}' already: choose another name"
                fault = Fault(line=1, path="name", message=message)
                raise DocumentError(file.name, [fault])  # noqa: TRY301  # joins the others below
        except DocumentError as error:
            refused.append(error)
        else:
            profiles[profile.name] = profile
    return Catalogue(profiles=profiles, refused=tuple(refused))


def load_profile(file: Path, schema: Mapping[str, Any]) -> Profile:
    """Read one profile. Raises `DocumentError`. Blocking."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fault = Fault(line=1, path="", message=f"cannot be read: {error}")
        raise DocumentError(file.name, [fault]) from error
    document = load_document(text, schema, file=file.name)
    if faults := list(_faults(document, file.stem)):
        raise DocumentError(file.name, faults)
    return modbus_profile_from(document.data)


def _faults(document: Document, stem: str) -> Iterator[Fault]:
    """Find what a schema cannot see."""
    if document.data["name"] != stem:
        message = f"must be the file's name, '{stem}'"
        yield document.fault("name", message=message)
    yield from modbus_faults(document)

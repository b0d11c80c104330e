"""The files that are handed in with bills: kept in our folder of the configuration.

A file is kept under its SHA-256, so that the same one is kept once and a row of the ledger proves
which one it was.
"""

import hashlib
from pathlib import Path
import re

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .core.errors import InvalidInputError

FOLDER = "bills"
LARGEST = 20_000_000
SUFFIXES = frozenset({".pdf", ".jpg", ".jpeg", ".png", ".xml", ".ofd"})
"""What bills come as."""

_SAFE = re.compile(r"[^\w.\- ()]+")
_LONGEST_NAME = 80


def keep_document(hass: HomeAssistant, upload: str) -> str:
    """Keep an uploaded file; return its name and SHA-256, as the ledger keeps them. Blocking.

    Raises `InvalidInputError`: `bill_document_missing`, `bill_document_unfit`.
    """
    try:
        with process_uploaded_file(hass, upload) as path:
            name, raw = path.name, _read(path)
    except ValueError as error:  # it is gone, or never was
        raise InvalidInputError("bill_document_missing") from error
    digest = hashlib.sha256(raw).hexdigest()
    target = document_path(hass, digest, Path(name).suffix)
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        part.write_bytes(raw)
        part.replace(target)
    return f"{_SAFE.sub('_', name)[-_LONGEST_NAME:]} sha256:{digest}"


def document_path(hass: HomeAssistant, digest: str, suffix: str) -> Path:
    """Return where a file is kept."""
    return Path(hass.config.path(DOMAIN, FOLDER, digest + suffix.lower()))


def _read(path: Path) -> bytes:
    if path.suffix.lower() not in SUFFIXES or path.stat().st_size > LARGEST:
        raise InvalidInputError(
            "bill_document_unfit", kinds=", ".join(sorted(SUFFIXES)), limit=LARGEST // 1_000_000
        )
    return path.read_bytes()

"""Files of ours in Home Assistant's folders, which people may change.

A file that is there already is written over only if we wrote it and nobody has changed it since,
which its first line proves by a hash of the rest.
"""

from enum import StrEnum
from hashlib import sha256
from pathlib import Path

_MARK = "# compere_prepaid "


class Written(StrEnum):
    """What became of a file."""

    WRITTEN = "written"
    CURRENT = "current"
    """It was there already."""
    KEPT = "kept"
    """Somebody has changed it, so it was left as it is."""


def install_file(path: Path, content: str, *, overwrite: bool) -> Written:
    """Write a text, unless somebody changed the file; say what became of it.

    Blocking. Raises `OSError`.
    """
    ours = _marked(content)
    there = path.read_bytes() if path.exists() else None
    if there == ours.encode():
        return Written.CURRENT
    if there is not None and not overwrite and not _is_untouched(there):
        return Written.KEPT
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")  # nobody must ever read half a file
    part.write_text(ours, "utf-8", newline="\n")
    part.replace(path)
    return Written.WRITTEN


def _marked(content: str) -> str:
    return f"{_MARK}{sha256(content.encode()).hexdigest()}\n{content}"


def _is_untouched(there: bytes) -> bool:
    """Tell whether a file is as some version of us wrote it."""
    try:
        text = there.decode()
    except UnicodeDecodeError:
        return False
    first, _, rest = text.partition("\n")
    return first.startswith(_MARK) and _marked(rest) == text

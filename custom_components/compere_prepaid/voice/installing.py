"""Putting our sentences where Home Assistant looks for sentences.

An integration cannot ship them: Home Assistant reads its own and `<config>/custom_sentences`. A
file that is there already is written over only if we wrote it and nobody has changed it since,
which its first line proves by a hash of the rest.
"""

from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from ..core.errors import OperationFailedError

SENTENCES = Path(__file__).parent / "sentences"
FOLDER = "custom_sentences"
NAME = "compere_prepaid.yaml"
_MARK = "# compere_prepaid "


class Written(StrEnum):
    """What became of a file of sentences."""

    WRITTEN = "written"
    CURRENT = "current"
    """It was there already."""
    KEPT = "kept"
    """Somebody has changed it, so it was left as it is."""


def languages() -> tuple[str, ...]:
    """Return the languages that there are sentences of, as Home Assistant's agent names them."""
    return tuple(sorted(path.name for path in SENTENCES.iterdir() if path.is_dir()))


def install(config: Path, wanted: tuple[str, ...], *, overwrite: bool) -> dict[str, Written]:
    """Write the sentences of these languages; return what became of each file, by its path.

    Paths are relative to the configuration folder. Blocking. Raises `OperationFailedError`
    (`sentences_not_written`).
    """
    found: dict[str, Written] = {}
    for language in wanted:
        path = Path(FOLDER) / language / NAME
        ours = _marked((SENTENCES / language / NAME).read_text("utf-8"))
        try:
            found[path.as_posix()] = _install_one(config / path, ours, overwrite=overwrite)
        except OSError as error:
            raise OperationFailedError(
                "sentences_not_written", path=path.as_posix(), error=error.strerror or error
            ) from error
    return found


def _install_one(path: Path, ours: str, *, overwrite: bool) -> Written:
    there = path.read_bytes() if path.exists() else None
    if there == ours.encode():
        return Written.CURRENT
    if there is not None and not overwrite and not _is_untouched(there):
        return Written.KEPT
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")  # the agent must never read half a file
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

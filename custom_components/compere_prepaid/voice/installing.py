"""Putting our sentences where Home Assistant looks for sentences.

An integration cannot ship them: Home Assistant reads its own and `<config>/custom_sentences`.
"""

from pathlib import Path

from ..core.errors import OperationFailedError
from ..installed_files import Written, install_file

SENTENCES = Path(__file__).parent / "sentences"
FOLDER = "custom_sentences"
NAME = "compere_prepaid.yaml"


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
        ours = (SENTENCES / language / NAME).read_text("utf-8")
        try:
            found[path.as_posix()] = install_file(config / path, ours, overwrite=overwrite)
        except OSError as error:
            raise OperationFailedError(
                "sentences_not_written", path=path.as_posix(), error=error.strerror or error
            ) from error
    return found

"""What the scripts that reckon have in common: reading the site file, and refusing in words."""

from collections.abc import Callable, Iterable
import json
from pathlib import Path
import sys

from custom_components.compere_prepaid.core.documents import DocumentError
from custom_components.compere_prepaid.core.errors import PrepaidError
from custom_components.compere_prepaid.core.site_file import SiteFile, parse_site_file

from .core_alone import PACKAGE, ROOT
from .readings import FaultsError, read_text

REFUSED = 2


def read_site(path: Path) -> SiteFile:
    """Read a site file. Raises `FaultsError`, or `DocumentError` with all its faults."""
    return parse_site_file(read_text(path), file=path.name)


def print_answer[T](program: str, answer_to: Callable[[], T]) -> int:
    """Print the answer as JSON, or what is wrong on stderr; return the exit status."""
    try:
        answer = answer_to()
    except FaultsError as error:
        return _refuse(program, str(error).splitlines())
    except DocumentError as error:
        file = error.placeholders["file"]
        return _refuse(program, (f"{file} {fault}" for fault in error.faults))
    except PrepaidError as error:
        return _refuse(program, [_in_words(error)])
    json.dump(answer, sys.stdout, ensure_ascii=False, indent=2)
    print()
    return 0


def _in_words(error: PrepaidError) -> str:
    """Return what an error of the core says, in the words that Home Assistant would show."""
    texts = ROOT.joinpath(*PACKAGE.split("."), "translations", "en.json")
    messages = json.loads(texts.read_text(encoding="utf-8"))["exceptions"]
    if error.key not in messages:
        return str(error)
    return str(messages[error.key]["message"]).format_map(error.placeholders)


def _refuse(program: str, faults: Iterable[str]) -> int:
    for fault in faults:
        print(f"{program}: {fault}", file=sys.stderr)
    return REFUSED

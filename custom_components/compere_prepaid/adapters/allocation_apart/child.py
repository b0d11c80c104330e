"""The program of the process that works out a large run: see `apart`.

It is run as a file, and takes the integration's folder for a package of its own: so nothing of Home
Assistant is loaded.
"""

import gc
import importlib
import json
import os
from pathlib import Path
import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = "compere_prepaid_alone"
_POLITE = 10
"""How much other processes go first."""


def main() -> None:
    """Work out the run whose inputs are on standard input; write it to standard output."""
    package = ModuleType(_PACKAGE)
    package.__path__ = [str(Path(__file__).parents[2])]
    sys.modules[_PACKAGE] = package
    os.nice(_POLITE)
    gc.disable()  # nothing of what is made is thrown away before the end
    for line in _answer(sys.stdin.read()):
        sys.stdout.write(line + "\n")


def _answer(text: str) -> Iterator[str]:
    """Yield the run, then a line an account; or why it cannot be worked out."""
    core = f"{_PACKAGE}.core"
    errors = importlib.import_module(f"{core}.errors")
    content = importlib.import_module(f"{core}.allocation.content")
    working = importlib.import_module(f"{core}.allocation.working")
    try:
        found = working.work_out(content.inputs_of(text))
    except errors.InvalidInputError as error:
        yield json.dumps({"refusal": error.key, "placeholders": error.placeholders})
        return
    yield json.dumps({"result": found.result, "digest": found.digest})
    for account, share in found.shares.items():
        yield json.dumps([account, share.amount, share.nets, share.content])


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    main()

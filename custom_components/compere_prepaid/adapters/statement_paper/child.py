"""The program of the processes that print statements: see `workshop`.

It is run as a file, and takes the integration's folder for a package of its own: so nothing of Home
Assistant is loaded. Each line of its standard input is an order, or names the files of a table that
all orders after it go into as well; each is answered by a line. `finish` makes the tables whole; of
those that were not finished nothing is left.
"""

from collections.abc import Iterator
import importlib
import json
import os
from pathlib import Path
import sys
from types import ModuleType
from typing import Any, BinaryIO

_PACKAGE = "compere_prepaid_alone"
_POLITE = 10
"""How much other processes go first."""


def main() -> None:
    """Print what standard input asks for, and answer on standard output."""
    os.nice(_POLITE)
    package = ModuleType(_PACKAGE)
    package.__path__ = [str(Path(__file__).parents[2])]
    sys.modules[_PACKAGE] = package
    for answer in _answers(sys.stdin.buffer):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _answers(requests: BinaryIO) -> Iterator[dict[str, Any]]:
    printer = importlib.import_module(f"{_PACKAGE}.adapters.statement_paper.printer")
    order = importlib.import_module(f"{_PACKAGE}.adapters.statement_paper.order").Order
    tables = None
    for line in requests:
        request = json.loads(line)
        try:
            if "tables" in request:
                paths = {form: Path(path) for form, path in request["tables"].items()}
                tables = printer.Tables(paths)
            elif "finish" in request:
                if tables is not None:
                    tables.close()
                tables = None
            else:
                wanted = order.of(request)
                if tables is not None:
                    tables.add(wanted.statement)
                printer.print_order(wanted)
        except Exception as error:  # noqa: BLE001  -- whatever it is, the next one may do better
            yield {"error": f"{type(error).__name__}: {error}"}
        else:
            yield {}
    if tables is not None:
        tables.drop()


if __name__ == "__main__":
    main()

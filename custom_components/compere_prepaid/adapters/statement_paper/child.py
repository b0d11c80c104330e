"""What the processes do that print statements: see `workshop`.

Each line of their standard input is an order, or names the files of a table that all orders after
it go into as well; each is answered by a line. `finish` makes the tables whole; of those that were
not finished nothing is left.
"""

from collections.abc import Iterator
import json
from pathlib import Path
import sys
from typing import BinaryIO

from .order import Order
from .printer import Tables, print_order


def main() -> None:
    """Print what standard input asks for, and answer on standard output."""
    for answer in _answers(sys.stdin.buffer):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _answers(requests: BinaryIO) -> Iterator[dict[str, str]]:
    tables = None
    for line in requests:
        request = json.loads(line)
        try:
            if "tables" in request:
                paths = {form: Path(path) for form, path in request["tables"].items()}
                tables = Tables(paths)
            elif "finish" in request:
                if tables is not None:
                    tables.close()
                tables = None
            else:
                wanted = Order.of(request)
                if tables is not None:
                    tables.add(wanted.statement)
                print_order(wanted)
        except Exception as error:  # noqa: BLE001  -- whatever it is, the next one may do better
            yield {"error": f"{type(error).__name__}: {error}"}
        else:
            yield {}
    if tables is not None:
        tables.drop()

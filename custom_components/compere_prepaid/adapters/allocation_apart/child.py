"""What the process does that works out a large run: see `apart`."""

from collections.abc import Iterator
import gc
import json
import sys

from ...core.allocation.content import inputs_of
from ...core.allocation.working import work_out
from ...core.errors import InvalidInputError


def main() -> None:
    """Work out the run whose inputs are on standard input; write it to standard output."""
    gc.disable()  # nothing of what is made is thrown away before the end
    for line in _answer(sys.stdin.buffer.read().decode()):
        sys.stdout.write(line + "\n")


def _answer(text: str) -> Iterator[str]:
    """Yield the run, then a line an account; or why it cannot be worked out."""
    try:
        found = work_out(inputs_of(text))
    except InvalidInputError as error:
        yield json.dumps({"refusal": error.key, "placeholders": error.placeholders})
        return
    yield json.dumps({"result": found.result, "digest": found.digest})
    for account, share in found.shares.items():
        yield json.dumps([account, share.amount, share.nets, share.content])

"""Working out a large run in a process of its own.

Hundreds of thousands of lines would hold up Home Assistant, not because of the arithmetic but
because Python looks through all objects again and again while there are more and more of them. So a
child process has them; what comes back are texts.
"""

import asyncio
from contextlib import suppress
import json

from ...core.allocation.content import inputs_content, run_digest
from ...core.allocation.inputs import Inputs
from ...core.allocation.working import Share, WorkedOut, work_out_here
from ...core.errors import InvalidInputError, OperationFailedError
from ...core.ids import AccountNumber
from ..alone import command, environment

LARGE = 20_000
"""From so many lines on, a run is worked out apart."""

CHILD = "allocation_apart.child"


async def work_out_apart_if_large(inputs: Inputs) -> WorkedOut:
    """Work out a run where it disturbs nobody. Raises what `allocate` raises."""
    splits = sum(len(pool.splits) for pool in inputs.pools)
    if len(inputs.stays) * splits <= LARGE:
        return await work_out_here(inputs)
    return await work_out_apart(inputs)


async def work_out_apart(inputs: Inputs) -> WorkedOut:
    """Work out a run in a child process; if the caller gives up, that ends at once.

    Raises what `allocate` raises, and `OperationFailedError` (`allocation_failed`).
    """
    text = await asyncio.to_thread(inputs_content, inputs)
    try:
        child = await asyncio.create_subprocess_exec(
            *command(CHILD),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(),
        )
    except OSError as error:  # no memory, no more processes
        raise OperationFailedError("allocation_failed", error=error) from error
    try:
        answer, complaint = await child.communicate(text.encode())
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode:
        raise _failed(complaint, f"it ended with {child.returncode}")
    return await asyncio.to_thread(_read, text, answer, complaint)


def _read(text: str, answer: bytes, complaint: bytes) -> WorkedOut:
    """Read what a child worked out, or why it did not: a line for the run, and one an account."""
    try:
        head, *lines = (json.loads(line) for line in answer.splitlines())
    except ValueError:
        raise _failed(complaint, "no answer") from None
    if "refusal" in head:
        raise InvalidInputError(head["refusal"], **head["placeholders"])
    shares = {
        AccountNumber(account): Share(amount, {int(ppm): net for ppm, net in nets.items()}, content)
        for account, amount, nets, content in lines
    }
    contents = {account: share.content for account, share in shares.items()}
    if run_digest(text, head["result"], contents) != head["digest"]:
        raise _failed(complaint, "the answer is not whole")
    return WorkedOut(inputs=text, result=head["result"], digest=head["digest"], shares=shares)


def _failed(complaint: bytes, otherwise: str) -> OperationFailedError:
    """Return the last words of a child that failed."""
    words = complaint.decode(errors="replace").splitlines() or [otherwise]
    return OperationFailedError("allocation_failed", error=words[-1])

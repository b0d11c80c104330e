"""A transaction as bytes: what goes out, and what is made of what comes back.

A line knows silences, echoes and deadlines; only an exchange knows a protocol's frames. It is made
for one request, fed with whatever arrives, and tells when the answer is whole.
"""

from typing import Protocol


class Exchange(Protocol):
    """One request's frames. Pure: it does no input or output and knows no time."""

    @property
    def frame(self) -> bytes:
        """Return the bytes that ask."""
        ...

    @property
    def expected(self) -> int:
        """Return how many bytes the usual answer has; a refusal may be shorter."""
        ...

    def feed(self, data: bytes) -> tuple[int, ...] | None:
        """Take bytes in the order in which they arrive; return the answer when it is whole.

        Bytes that cannot be this request's answer are skipped where the protocol's frames allow to
        find the next beginning. Raises `RefusedError` when the meter says no, `NoAnswerError` when
        a gateway says that the meter is silent, and `GarbledAnswerError` when what arrived cannot
        be the answer any more.
        """
        ...

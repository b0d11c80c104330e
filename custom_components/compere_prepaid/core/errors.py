"""What the core refuses, and what it fails at.

Two kinds leave the core, and nothing else. `InvalidInputError` is the caller's mistake: nothing
was changed, and the key with its placeholders says what to do about it. `OperationFailedError` is
ours or the world's: a line that is down, a ledger that cannot be written. Keys are translation
keys; the Home Assistant side turns them into translated errors in one place.
"""


class PrepaidError(Exception):
    """Base of all errors that leave the core.

    `key` is a translation key, `placeholders` are its parameters, all of them text.
    """

    def __init__(self, key: str, /, **placeholders: object) -> None:
        """Remember key and placeholders; the message is for logs."""
        self.key = key
        self.placeholders = {name: str(value) for name, value in placeholders.items()}
        detail = ", ".join(f"{name}={value}" for name, value in self.placeholders.items())
        super().__init__(f"{key} ({detail})" if detail else key)


class InvalidInputError(PrepaidError):
    """The caller asked for something that cannot be done; nothing was changed."""


class OperationFailedError(PrepaidError):
    """Something that should have worked did not; the key says what stands now."""


class LedgerReadOnlyError(OperationFailedError):
    """The ledger refuses writes: a check failed, or another instance took the site over."""

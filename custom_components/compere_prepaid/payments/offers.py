"""What payers are offered."""

from dataclasses import dataclass

from ..core.ledger.payment_rows import Method


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A provider that takes payments now, as a page shows it."""

    key: str
    title: str
    kind: str
    """`wechat`, `stripe`, `paynow`, `duitnow` or `sandbox`."""
    methods: frozenset[Method]
    """Those that a payer can choose."""
    is_sandbox: bool
    automatic: bool
    """Whether it can charge a kept means of payment."""

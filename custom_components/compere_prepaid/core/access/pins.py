"""The PIN of an account's tenant: kept as a salted scrypt digest, and locked by guessing.

`FAILURES` wrong ones within `WINDOW` lock it for as long, and each further wrong one after that for
twice as long as before, up to a day. Only the way by PIN is locked: paying, and the meter's code,
go on. A right PIN that comes while it is locked is not accepted, and nothing tells that it was
right. Whoever is not there, or has no PIN, costs a guess the same work as a wrong PIN does.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import hashlib
import hmac
import re
import secrets

from ..clock import Clock
from ..errors import InvalidInputError
from ..ids import AccountNumber
from ..ledger.payment_rows import PortalPin
from ..ledger.ports import Ledger

FAILURES = 5
WINDOW = timedelta(minutes=15)
LONGEST_LOCK = timedelta(hours=24)

NOBODY = AccountNumber("")
"""Under this number guesses are counted at accounts that are not there or have no PIN."""

_PIN = re.compile(r"[0-9]{6,12}")
_SALT = "00" * 16
_DIGEST = "00" * 32

type Elsewhere = Callable[[Callable[[], bytes]], Awaitable[bytes]]
"""Runs what takes long beside the event loop."""


@dataclass(slots=True, kw_only=True)
class Pins:
    """The PINs of a site's tenants."""

    ledger: Ledger
    clock: Clock
    elsewhere: Elsewhere
    changes: Counter[AccountNumber] = field(default_factory=Counter)
    """How often PINs were set in this run: whoever came in by an older one has to go."""
    _locks: dict[AccountNumber, asyncio.Lock] = field(default_factory=dict)

    async def set(self, account: AccountNumber, pin: str) -> None:
        """Give an account a PIN of 6 to 12 digits, or none (empty); old failures are forgotten.

        Raises `InvalidInputError` (`pin_wrong`).
        """
        salt = digest = ""
        if pin:
            if not _PIN.fullmatch(pin):
                raise InvalidInputError("pin_wrong")
            salt = secrets.token_hex(16)
            digest = (await self._digest(pin, salt)).hex()
        at = self.clock.now()
        row = PortalPin(account=account, salt=salt, digest=digest, set_at=at)
        async with self._lock(account):
            await self.ledger.run(lambda tx: tx.put(row))
        self.changes[account] += 1

    async def has(self, account: AccountNumber) -> bool:
        """Tell whether an account has a PIN."""
        kept = await self._kept(account)
        return bool(kept.digest)

    async def accepts(self, account: AccountNumber | None, pin: str) -> bool:
        """Tell whether a PIN is an account's, and count it if it is not.

        One guess at an account comes after the other, so that many at once are still counted.
        """
        number = account if account and await self.has(account) else NOBODY
        async with self._lock(number):
            kept, at = await self._kept(number), self.clock.now()
            digest = await self._digest(pin[:64], kept.salt or _SALT)
            is_right = hmac.compare_digest(digest, bytes.fromhex(kept.digest or _DIGEST))
            is_locked = kept.locked_until is not None and at < kept.locked_until
            accepted = is_right and bool(kept.digest) and not is_locked
            after = _after(kept, at, accepted=accepted, is_locked=is_locked)
            await self.ledger.run(lambda tx: tx.put(after))
            return accepted

    def _lock(self, number: AccountNumber) -> asyncio.Lock:
        return self._locks.setdefault(number, asyncio.Lock())

    async def _kept(self, number: AccountNumber) -> PortalPin:
        kept = await self.ledger.read(lambda tx: tx.find(PortalPin, account=number))
        return kept or PortalPin(account=number, set_at=self.clock.now())

    async def _digest(self, pin: str, salt: str) -> bytes:
        def work() -> bytes:
            return hashlib.scrypt(
                pin.encode(errors="replace"), salt=bytes.fromhex(salt), n=2**14, r=8, p=1, dklen=32
            )

        return await self.elsewhere(work)


def _after(kept: PortalPin, at: datetime, *, accepted: bool, is_locked: bool) -> PortalPin:
    """Return what is kept after a guess."""
    if is_locked:
        return kept  # who only guesses on cannot lengthen the lock for ever
    if accepted:
        return replace(kept, failures=0, failed_at=None, locked_until=None)
    is_old = kept.failed_at is None or at - kept.failed_at > max(WINDOW, 2 * _locked_for(kept))
    failures = 1 if is_old else kept.failures + 1
    after = replace(kept, failures=failures, failed_at=at, locked_until=None)
    if kept.account and (lock := _locked_for(after)):
        return replace(after, locked_until=at + lock)
    return after


def _locked_for(kept: PortalPin) -> timedelta:
    """Return for how long so many failures lock."""
    beyond = kept.failures - FAILURES
    if beyond < 0:
        return timedelta(0)
    return min(WINDOW * (1 << min(beyond, 10)), LONGEST_LOCK)

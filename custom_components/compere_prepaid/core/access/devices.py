"""Phones that are trusted with an account's papers, each by a secret that only it has."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
import hashlib

from ..clock import Clock
from ..errors import InvalidInputError
from ..ids import AccountNumber
from ..ledger.payment_rows import PortalDevice
from ..ledger.ports import Ledger, LedgerTransaction

MOST = 20
"""So many devices may be bound to an account at once."""

NAME_LENGTH = 60


def device_id(secret: str) -> str:
    """Return the name under which a device is kept: nobody finds its secret by it."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """The devices bound to a site's accounts."""

    ledger: Ledger
    clock: Clock

    async def bind(self, account: AccountNumber, secret: str, name: str) -> PortalDevice:
        """Trust a device with an account's papers.

        Raises `InvalidInputError` (`devices_too_many`).
        """
        row = PortalDevice(
            account=account,
            id=device_id(secret),
            name=name.strip()[:NAME_LENGTH],
            bound_at=self.clock.now(),
        )

        def work(tx: LedgerTransaction) -> None:
            bound = [each for each in tx.rows(PortalDevice, account=account) if not each.revoked_at]
            if len(bound) >= MOST and row.id not in {each.id for each in bound}:
                raise InvalidInputError("devices_too_many", most=MOST)
            tx.put(row)

        await self.ledger.run(work)
        return row

    async def bound(self, account: AccountNumber) -> Sequence[PortalDevice]:
        """Return the devices that are trusted now, the latest first."""
        rows = await self.ledger.read(lambda tx: tx.rows(PortalDevice, account=account))
        trusted = [row for row in rows if row.revoked_at is None]
        return sorted(trusted, key=lambda row: row.bound_at, reverse=True)

    async def accounts_of(self, secret: str) -> Sequence[AccountNumber]:
        """Return the accounts whose papers a device is trusted with, the latest first."""
        rows = await self.ledger.read(lambda tx: tx.rows(PortalDevice, id=device_id(secret)))
        trusted = [row for row in rows if row.revoked_at is None]
        trusted.sort(key=lambda row: row.bound_at, reverse=True)
        return [row.account for row in trusted]

    async def revoke(self, account: AccountNumber, device: str) -> None:
        """Trust a device no more; again changes nothing.

        Raises `InvalidInputError` (`device_unknown`).
        """

        def work(tx: LedgerTransaction) -> None:
            row = tx.find(PortalDevice, account=account, id=device)
            if row is None:
                raise InvalidInputError("device_unknown")
            if row.revoked_at is None:
                tx.put(replace(row, revoked_at=self.clock.now()))

        await self.ledger.run(work)

"""The secret part of a meter's code: who scanned it stood at the meter.

A tag is the first 128 bits of an HMAC over the meter, the account that it supplies and how often
its code was renewed. So it dies with the tenancy, and with each renewal, and nothing has to be kept
but the count.
"""

from base64 import urlsafe_b64encode
from collections import Counter
from dataclasses import dataclass, field
import hashlib
import hmac

from ..clock import Clock
from ..ids import AccountNumber, MeterSerial
from ..ledger.payment_rows import MeterToken
from ..ledger.ports import Ledger, LedgerTransaction

TAG_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterTags:
    """The tags of a site's meters."""

    ledger: Ledger
    clock: Clock
    secret: bytes
    """The site's own, 32 random bytes."""
    renewals: Counter[MeterSerial] = field(default_factory=Counter)
    """How often codes were renewed in this run: whoever came in by an older one has to go."""

    async def tag(self, meter: MeterSerial, account: AccountNumber) -> str:
        """Return the tag of a meter while it supplies an account, as URLs carry it."""
        return self._tag(meter, account, await self.rotation(meter))

    async def accepts(self, meter: MeterSerial, account: AccountNumber, tag: str) -> bool:
        """Tell whether a tag is the right one now; a wrong one takes as long as a right one."""
        right = await self.tag(meter, account)
        return hmac.compare_digest(right.encode(), tag.encode(errors="replace"))

    async def rotation(self, meter: MeterSerial) -> int:
        """Return how often a meter's code was renewed."""
        token = await self.ledger.read(lambda tx: tx.find(MeterToken, meter=meter))
        return token.rotation if token else 0

    async def renew(self, meter: MeterSerial, user: str) -> MeterToken:
        """Let a meter's code be another from now on: the old label opens nothing any more."""

        def work(tx: LedgerTransaction) -> MeterToken:
            before = tx.find(MeterToken, meter=meter)
            rotation = before.rotation + 1 if before else 1
            token = MeterToken(meter=meter, rotation=rotation, at=self.clock.now(), user=user)
            tx.put(token)
            return token

        token = await self.ledger.run(work)
        self.renewals[meter] += 1
        return token

    def _tag(self, meter: MeterSerial, account: AccountNumber, rotation: int) -> str:
        said = f"qr\0{meter}\0{account}\0{rotation}".encode()
        digest = hmac.digest(self.secret, said, hashlib.sha256)[:TAG_BYTES]
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

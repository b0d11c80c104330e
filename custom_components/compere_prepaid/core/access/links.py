"""Links that staff give to a tenant who proved who they are: they open the papers, once, and soon.

They are kept in memory only: who did not use theirs before a restart is given another.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
import hashlib
import secrets

from ..clock import Clock
from ..ids import AccountNumber

LIFE = timedelta(minutes=15)
MOST = 1000


@dataclass(slots=True, kw_only=True)
class Links:
    """The links of a site that nobody has used yet, by the digest of their token."""

    clock: Clock
    _open: dict[str, tuple[AccountNumber, datetime]] = field(default_factory=dict)

    def issue(self, account: AccountNumber) -> tuple[str, datetime]:
        """Return a new token for an account, and when it ends."""
        now = self.clock.now()
        self._open = {each: kept for each, kept in self._open.items() if now < kept[1]}
        while len(self._open) >= MOST:
            del self._open[next(iter(self._open))]
        token, until = secrets.token_urlsafe(16), now + LIFE
        self._open[_digest(token)] = (account, until)
        return token, until

    def redeem(self, token: str) -> AccountNumber | None:
        """Return whose papers a token opens; only once, and None if it opens nothing."""
        kept = self._open.pop(_digest(token), None)
        if kept is None or kept[1] <= self.clock.now():
            return None
        return kept[0]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()

"""Who is there: sessions behind a random token, in memory, and never many.

Only the digest of a token is kept. It changes whenever a session gains rights, so that a token that
somebody else planted or saw before is worth nothing.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
import hashlib
import secrets

from ..core.clock import Clock
from ..core.ids import AccountNumber, MeterSerial
from .limits import Buckets

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
MOST = 10_000
TOKEN_BYTES = 16
ORDERS_KEPT = 50


class Level(IntEnum):
    """What somebody proved."""

    NUMBER = 0
    """They know a meter's number: they may pay."""
    METER = 1
    """They stood at the meter, or know the PIN: they see balance and power."""
    PAPERS = 2
    """They are known to the account: they see its papers."""


@dataclass(slots=True, kw_only=True)
class Session:
    """A browser that is there."""

    digest: str
    csrf: str
    began_at: datetime
    used_at: datetime
    level: Level = Level.NUMBER
    meter: MeterSerial | None = None
    account: AccountNumber | None = None
    openid: str = ""
    """WeChat's number of who is there, once WeChat told it."""
    oauth_state: str = ""
    """What must come back from WeChat before its number is believed."""
    language: str = ""
    orders: dict[str, None] = field(default_factory=dict)
    """The last orders that were made in it."""
    vouchers: frozenset[str] = frozenset()
    """The ids of the devices by which it sees papers."""
    still: Callable[[], bool] | None = None
    """Tells whether what was proved still holds; None where only the tenancy can end it."""
    buckets: Buckets = field(default_factory=dict)
    wake: Callable[[], None] = lambda: None
    """Told when it ends or its rights change: whoever streams to it looks then."""
    is_over: bool = False

    def remember_order(self, order: str) -> None:
        """Let an order be its own; the oldest of too many is not any more."""
        self.orders[order] = None
        while len(self.orders) > ORDERS_KEPT:
            del self.orders[next(iter(self.orders))]

    @property
    def expires_at(self) -> datetime:
        """When it ends if nothing is asked for any more."""
        return min(self.used_at + IDLE, self.began_at + LONGEST)


@dataclass(slots=True)
class Sessions:
    """The sessions of a portal; the stranger that was idle longest gives way to a new one."""

    clock: Clock
    _strangers: OrderedDict[str, Session] = field(default_factory=OrderedDict)
    _known: OrderedDict[str, Session] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._strangers) + len(self._known)

    def __iter__(self) -> Iterator[Session]:
        """Yield all sessions."""
        return iter((*self._strangers.values(), *self._known.values()))

    def begin(self) -> tuple[str, Session]:
        """Begin a session; return its token."""
        now = self.clock.now()
        while len(self) >= MOST:
            _, oldest = (self._strangers or self._known).popitem(last=False)
            oldest.is_over = True
            oldest.wake()
        token, digest = _new_token()
        session = Session(
            digest=digest, csrf=secrets.token_urlsafe(TOKEN_BYTES), began_at=now, used_at=now
        )
        self._strangers[digest] = session
        return token, session

    def find(self, token: str) -> Session | None:
        """Return the session behind a token, which is thereby used; None if it is over."""
        digest = _digest(token)
        session = self._strangers.get(digest) or self._known.get(digest)
        if session is None:
            return None
        now = self.clock.now()
        if now >= session.expires_at:
            self.end(session)
            return None
        session.used_at = now
        self._shelf(session).move_to_end(digest)
        return session

    def change(
        self,
        session: Session,
        level: Level,
        account: AccountNumber | None,
        meter: MeterSerial | None,
    ) -> str:
        """Give a session other rights, under another token; return that.

        Orders that were made for another account are not its own any more.
        """
        self._shelf(session).pop(session.digest, None)
        if session.account != account:
            session.orders.clear()
        session.vouchers, session.still = frozenset(), None
        session.level, session.account, session.meter = level, account, meter
        token, session.digest = _new_token()
        session.csrf = secrets.token_urlsafe(TOKEN_BYTES)
        self._shelf(session)[session.digest] = session
        session.wake()
        return token

    def end(self, session: Session) -> None:
        """End a session."""
        session.is_over = True
        self._strangers.pop(session.digest, None)
        self._known.pop(session.digest, None)
        session.wake()

    def _shelf(self, session: Session) -> OrderedDict[str, Session]:
        return self._known if session.level > Level.NUMBER else self._strangers


def _new_token() -> tuple[str, str]:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    return token, _digest(token)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()

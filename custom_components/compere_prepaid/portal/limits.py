"""How much anybody may ask for: token buckets by address and by session.

A mall's tenants may all come from one address, so what an address may ask for is generous, and what
one session may is not. Paying has buckets of its own, which no guessing empties; and who proved to
have stood at a meter is counted by their session alone, so that no flood from next door stops them.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
import math
from typing import NamedTuple

ADDRESSES_KEPT = 20_000
"""So many addresses are remembered; the one that asked longest ago is forgotten."""


class Rate(NamedTuple):
    """So much at once, and so much more each minute."""

    burst: float
    per_minute: float


class Limit(Enum):
    """What is counted: of an address, and of a session."""

    ANY = (Rate(1200, 1200), Rate(120, 120))
    """Every request."""
    SESSION = (Rate(300, 120), Rate(0, 0))
    """New sessions, of an address."""
    ORDER = (Rate(120, 120), Rate(10, 5))
    """Orders."""
    UNKNOWN = (Rate(60, 1), Rate(10, 1 / 6))
    """Meters that are not there, and wrong proofs."""
    PIN = (Rate(120, 20), Rate(10, 1))
    """Guesses at PINs, right or wrong: each costs much work."""
    CHECK = (Rate(240, 240), Rate(20, 20))
    """Asking a provider what became of an order."""
    PAPERS = (Rate(240, 240), Rate(30, 30))
    """Histories and papers: each reads much of the ledger."""
    NOTICE = (Rate(600, 600), Rate(0, 0))
    """Notices of providers."""

    @property
    def of_address(self) -> Rate:
        """What an address may."""
        return self.value[0]

    @property
    def of_session(self) -> Rate:
        """What a session may."""
        return self.value[1]


@dataclass(slots=True)
class Bucket:
    """Tokens that come back with time."""

    rate: Rate
    tokens: float
    at: float

    def refill(self, now: float) -> None:
        """Take account of the time that went by."""
        gained = max(0.0, now - self.at) * self.rate.per_minute / 60
        self.tokens, self.at = min(self.rate.burst, self.tokens + gained), now

    def wait_s(self) -> int:
        """Return how many seconds it takes until there is a token; 0 if there is one."""
        if self.tokens >= 1:
            return 0
        return math.ceil((1 - self.tokens) * 60 / self.rate.per_minute)


type Buckets = dict[Limit, Bucket]


@dataclass(slots=True)
class Limits:
    """The buckets of all addresses; those of a session are its own."""

    now: Callable[[], float]
    """Seconds that never run backwards."""
    _addresses: OrderedDict[str, Buckets] = field(default_factory=OrderedDict)

    def take(self, limit: Limit, address: str | None, session: Buckets | None = None) -> int:
        """Take a token of each, if both have one; return for how many seconds there is none.

        Without an address only the session's is taken.
        """
        buckets = self._of(limit, address, session)
        wait = max((bucket.wait_s() for bucket in buckets), default=0)
        if not wait:
            for bucket in buckets:
                bucket.tokens -= 1
        return wait

    def give_back(self, limit: Limit, address: str, session: Buckets | None = None) -> None:
        """Return what was taken for something that is not counted after all."""
        for bucket in self._of(limit, address, session):
            bucket.tokens = min(bucket.rate.burst, bucket.tokens + 1)

    def _of(self, limit: Limit, address: str | None, session: Buckets | None) -> list[Bucket]:
        found = []
        if address is not None:
            kept = self._addresses.setdefault(address, {})
            self._addresses.move_to_end(address)
            while len(self._addresses) > ADDRESSES_KEPT:
                self._addresses.popitem(last=False)
            found.append(self._bucket(kept, limit, limit.of_address))
        if session is not None and limit.of_session.burst:
            found.append(self._bucket(session, limit, limit.of_session))
        return found

    def _bucket(self, kept: Buckets, limit: Limit, rate: Rate) -> Bucket:
        now = self.now()
        bucket = kept.setdefault(limit, Bucket(rate, rate.burst, now))
        bucket.refill(now)
        return bucket

    def __len__(self) -> int:
        """Return how many addresses are remembered."""
        return len(self._addresses)

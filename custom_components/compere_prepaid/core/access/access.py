"""All proofs of access of a site."""

from dataclasses import dataclass

from ..clock import Clock
from ..ledger.ports import Ledger
from .devices import Devices
from .links import Links
from .pins import Elsewhere, Pins
from .tokens import MeterTags


@dataclass(frozen=True, slots=True)
class Access:
    """What opens an account to its tenant: the meter's code, a PIN, a device, a link of staff."""

    tags: MeterTags
    pins: Pins
    devices: Devices
    links: Links

    @classmethod
    def over(cls, ledger: Ledger, clock: Clock, secret: bytes, elsewhere: Elsewhere) -> Access:
        """Return the proofs that a ledger keeps; `secret` is the site's own."""
        return cls(
            tags=MeterTags(ledger=ledger, clock=clock, secret=secret),
            pins=Pins(ledger=ledger, clock=clock, elsewhere=elsewhere),
            devices=Devices(ledger=ledger, clock=clock),
            links=Links(clock=clock),
        )

"""What the value report has to know of a running site, and its mark-up."""

from typing import TYPE_CHECKING

from ..core.value.days import Building
from ..core.value.facts import Period
from ..core.value.neither import Neither, read_neither
from ..core.value.selling import Selling, read_selling

if TYPE_CHECKING:
    from ..site import CompereSite


def building_of(site: CompereSite) -> Building:
    """Return what is known of a site beside its ledger."""
    owner = site.book.owner
    return Building(
        currency=site.currency,
        owner=None if owner is None else owner.number,
        accounts=frozenset(site.book.accounts),
        meters=frozenset(site.meters),
    )


async def async_selling(site: CompereSite, period: Period) -> Selling:
    """Return what electricity was sold and bought for in a time."""
    building, tariffs = building_of(site), dict(site.book.tariffs)
    return await site.ledger.survey(lambda tx: read_selling(tx, period, building, tariffs))


async def async_neither(site: CompereSite, period: Period) -> Neither:
    """Return the energy by meter that was neither charged nor is in a pool in a time."""
    building = building_of(site)
    return await site.ledger.survey(lambda tx: read_neither(tx, period, building))

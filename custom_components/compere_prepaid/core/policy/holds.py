"""Holds, and the relay demand that follows from them.

A meter's relay is closed exactly when no hold stands on it. Nobody switches a relay: they place or
release a hold, and the demand is computed anew from what stands, in the same transaction.
"""

from datetime import datetime

from ..errors import InvalidInputError
from ..ids import MeterSerial
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Hold, HoldKind, RelayDemand


def standing(tx: LedgerTransaction, meter: MeterSerial, kind: HoldKind) -> Hold | None:
    """Return the hold of this kind that stands on the meter, if any."""
    return next((hold for hold in tx.holds(meter) if hold.kind is kind), None)


def kinds(tx: LedgerTransaction, meter: MeterSerial) -> tuple[HoldKind, ...]:
    """Return the kinds of the holds that stand on the meter."""
    return tuple(hold.kind for hold in tx.holds(meter))


def place(tx: LedgerTransaction, hold: Hold, cause: str) -> RelayDemand | None:
    """Place a hold unless one of its kind stands; return the demand if that changed it."""
    if standing(tx, hold.meter, hold.kind) is not None:
        return None
    tx.place_hold(hold)
    return refresh_demand(tx, hold.meter, hold.placed_at, cause)


def release(
    tx: LedgerTransaction,
    meter: MeterSerial,
    kind: HoldKind,
    at: datetime,
    user: str,
    cause: str,
    *,
    administrator: bool = True,
) -> RelayDemand | None:
    """Release a hold if it stands; return the demand if that changed it.

    Raises `InvalidInputError` (`hold_of_another`) when somebody who is not an administrator
    releases a maintenance hold that another person placed: lives depend on it.
    """
    hold = standing(tx, meter, kind)
    if hold is None:
        return None
    if kind is HoldKind.MAINTENANCE and not administrator and hold.placed_by != user:
        raise InvalidInputError("hold_of_another", meter=meter, kind=kind)
    tx.release_hold(meter, kind, at, user)
    return refresh_demand(tx, meter, at, cause)


def refresh_demand(
    tx: LedgerTransaction, meter: MeterSerial, at: datetime, cause: str
) -> RelayDemand | None:
    """Compute the demand from the holds that stand; store and return it if it is news."""
    closed = not tx.holds(meter)
    before = tx.demand(meter)
    if before is not None and before.closed == closed:
        return None
    demand = RelayDemand(
        meter=meter,
        closed=closed,
        version=1 if before is None else before.version + 1,
        cause=cause,
        decided_at=at,
    )
    tx.set_demand(demand)
    return demand

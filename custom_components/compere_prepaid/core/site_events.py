"""What automations may rely on: the events of all rooms."""

from .allocation.events import OF_ALLOCATION, SharedCosts
from .balance.events import OF_BALANCE
from .events import PUBLIC as OF_SUPPLY, AccountEvent, Event, MeterEvent
from .payment.events import OF_PAYMENT

PUBLIC: tuple[type[AccountEvent | MeterEvent], ...] = (*OF_SUPPLY, SharedCosts)
"""Told on the bus, by the account's event entity, in the logbook."""

OF_SITE: tuple[type[Event], ...] = (*OF_PAYMENT, *OF_ALLOCATION, *OF_BALANCE)
"""Told on the bus and in the logbook; none of an account's events."""

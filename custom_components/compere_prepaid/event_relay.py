"""Turns what the core tells into what Home Assistant shows: bus events, entities, repairs.

The only place where core events become Home Assistant's.
"""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from homeassistant.const import Platform
from homeassistant.core import Context, callback
from homeassistant.helpers import entity_registry as er

from . import issues
from .const import ACCOUNT_EVENT, ACCOUNT_PREFIX, DOMAIN
from .core.allocation.events import AllocationPosted, AllocationReversed
from .core.events import (
    AccountEvent,
    Announced,
    BusDown,
    BusUp,
    Event,
    MeterEvent,
    MeterOffline,
    MeterOnline,
    NightMeasured,
    ProtectionEvent,
    ReadingTrusted,
    RelayDisobeys,
    RelayFollows,
    Restored,
    SuspectReading,
    Tamper,
    TamperOver,
    ToppedUp,
)
from .core.ids import AccountNumber, BusId, MeterSerial
from .core.money.amount import Amount
from .core.payment.crediting import Unmatched
from .core.payment.events import PaymentUnmatched
from .core.prepayment.deciding import CREDIT_CAUSE
from .core.site_events import OF_SITE, PUBLIC
from .devices import find_device

if TYPE_CHECKING:
    from .site import CompereSite

type Listener = Callable[[str, dict[str, Any], Context], None]
"""Takes type, data and context of an event."""

_MONEY = (Amount, Amount | None)
"""How fields that hold money are declared."""


class EventRelay:
    """Receives every event of a site."""

    def __init__(self, site: CompereSite) -> None:
        """Relay the events of this site."""
        self._site = site
        self._listeners: dict[AccountNumber, Listener] = {}

    @callback
    def listen(self, number: AccountNumber, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every public event of an account and its meters."""
        self._listeners[number] = listener
        return lambda: self._listeners.pop(number, None) and None

    def emit(self, event: Event) -> None:
        """Take an event of the core."""
        if isinstance(event, RelayFollows):
            self._relay_follows(event)
        self._keep_issues(event)
        self._publish(event)
        self._refresh(event)
        self._site.notifier.take(event)
        if isinstance(event, AllocationPosted | AllocationReversed):
            self._site.pool_keeper.renew_soon()
        if isinstance(event, Announced):
            self._site.announcements.tell(event)

    def forget_bus(self, bus: BusId) -> None:
        """Drop what is open about a bus that is gone."""
        issues.clear(self._site, issues.BUS_DOWN, bus)

    def forget_meter(self, meter: MeterSerial) -> None:
        """Drop what is open about a meter that is gone."""
        for kind in issues.OF_METER:
            issues.clear(self._site, kind, meter)

    def _relay_follows(self, event: RelayFollows) -> None:
        """Tell that power is back where an account's money brought it back."""
        meter = self._site.book.meters.get(event.meter)
        if not (event.closed and event.cause.startswith(CREDIT_CAUSE) and meter and meter.account):
            return
        account = self._site.book.accounts.get(meter.account)
        if account is not None:
            self.emit(
                Restored(
                    at=event.at,
                    account=account.number,
                    available=account.available,
                    meter=event.meter,
                    seconds=event.seconds,
                )
            )

    def _keep_issues(self, event: Event) -> None:
        site = self._site
        match event:
            case BusDown():
                issues.raise_bus_down(site, event)
                site.reading_path.bus_lost(event.bus)
            case BusUp():
                issues.clear(site, issues.BUS_DOWN, event.bus)
            case MeterOffline():
                issues.raise_unreachable(site, event)
            case MeterOnline():
                issues.clear(site, issues.METER_UNREACHABLE, event.meter)
            case SuspectReading():
                issues.raise_suspect(site, event)
            case ReadingTrusted():
                issues.clear(site, issues.SUSPECT_READING, event.meter)
                issues.clear(site, issues.OTHER_METER, event.meter)
            case RelayDisobeys():
                issues.raise_disobedient(site, event)
            case RelayFollows():
                issues.clear(site, issues.RELAY_DISOBEYS, event.meter)
            case _:
                self._keep_protection(event)

    def _keep_protection(self, event: Event) -> None:
        site = self._site
        match event:
            case ProtectionEvent():
                issues.keep_protection(site, event)
            case Tamper():
                issues.raise_tamper(site, event)
            case TamperOver():
                issues.clear(site, issues.TAMPER, event.meter)
            case PaymentUnmatched(reason=Unmatched.ALTERED):
                site.provider_health.payment_altered(event.provider, event.txn)
            case NightMeasured():
                site.night_memory.save_soon()
            case _:
                pass

    def _publish(self, event: Event) -> None:
        if type(event) not in (*PUBLIC, *OF_SITE):
            return
        data, context = self._data(event), Context()
        places = self._places(event, data)
        self._site.hass.bus.async_fire(f"{DOMAIN}_{event.TYPE}", data | places, context=context)
        account = data.get("account") if type(event) in PUBLIC else None
        listener = self._listeners.get(AccountNumber(account)) if account else None
        if listener is not None:  # what concerns the site is none of an account's events
            listener(event.TYPE, data, context)

    def _places(self, event: Event, data: dict[str, Any]) -> dict[str, Any]:
        """Return where the logbook shows it: at a meter or an account, and the account's entity."""
        site, account = self._site, data.get("account")
        if isinstance(event, MeterEvent):
            device = find_device(site, event.meter)
        else:
            device = find_device(site, f"{ACCOUNT_PREFIX}{account}" if account else site.key)
        entity = account and er.async_get(site.hass).async_get_entity_id(
            Platform.EVENT, DOMAIN, f"{site.key}_{ACCOUNT_PREFIX}{account}_{ACCOUNT_EVENT}"
        )
        places = {"device_id": device.id if device else None, "entity_id": entity}
        return {name: place for name, place in places.items() if place}

    def _data(self, event: Event) -> dict[str, Any]:
        site = self._site
        data: dict[str, Any] = {"site": site.name, "config_entry_id": site.entry.entry_id}
        for item in fields(event):
            data[item.name] = self._shown(getattr(event, item.name), item.type in _MONEY)
        if isinstance(event, MeterEvent):
            data["meter_name"] = self._meter_name(event.meter)
            meter = site.book.meters.get(event.meter)
            data["account"] = meter.account if meter else None
        if isinstance(event, ProtectionEvent):
            data |= _levels(event)
        if isinstance(event, Announced):
            text = site.announcements.text_for(event.account, event.announcement)
            data |= {"title": text.title, "message": text.message}
        if account := data.get("account"):
            runtime = site.accounts.get(AccountNumber(account))
            data["account_name"] = runtime.name if runtime else account
        if "user" in data:
            data["user_name"] = site.user_names.of(data["user"])
        if isinstance(event, ToppedUp) and not event.user:
            data["user_name"] = site.payments.title_of(event.source) or data["user_name"]
        data["currency"] = site.currency.code
        return data

    def _shown(self, value: Any, is_money: bool) -> Any:  # noqa: FBT001  # both are one value's
        """Return a field of an event as automations see it; money as decimal text, rounded down."""
        if is_money and value is not None:
            return f"{self._site.currency.rounded_down(value):f}"
        if isinstance(value, datetime):
            return value.astimezone(self._site.zone).isoformat()
        return list(value) if isinstance(value, tuple) else value

    def _meter_name(self, serial: MeterSerial) -> str:
        runtime = self._site.meters.get(serial)
        return runtime.name if runtime else serial

    def _refresh(self, event: Event) -> None:
        """Push news to the entities that show it."""
        site = self._site
        if isinstance(event, BusDown | BusUp):
            if bus := site.buses.get(event.bus):
                bus.coordinator.push(isinstance(event, BusUp), news=True)
        elif isinstance(event, AccountEvent):
            if account := site.book.accounts.get(event.account):
                site.reading_path.account_changed(account)
        elif isinstance(event, MeterEvent):
            site.reading_path.refresh_meter(event.meter)
        site.reading_path.push_totals()


def _levels(event: ProtectionEvent) -> dict[str, Any]:
    """Return a rule's value and limit in the unit in which people give them."""
    levels = {"value": event.value, "limit": event.limit}
    shown = {
        name: None if level is None else float(event.kind.shown(level))
        for name, level in levels.items()
    }
    return {**shown, "unit": event.kind.unit}

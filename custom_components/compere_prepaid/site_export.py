"""Exporting a whole site as one file that an import finds unchanged."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .const import (
    CONF_ADDRESS,
    CONF_AREA,
    CONF_BREAKER,
    CONF_FLOOR,
    CONF_FLOOR_AREA,
    CONF_LABELS,
    CONF_LANGUAGE,
    CONF_METERS,
    CONF_MULTIPLIER,
    CONF_NAME,
    CONF_NOTIFY,
    CONF_OPENING_BALANCE,
    CONF_OPENING_HOURS,
    CONF_OWNER,
    CONF_PERSONS,
    CONF_POWER_SCALE,
    CONF_PROFILE,
    CONF_RATED_POWER,
    CONF_RELAY_ACCESS,
    CONF_ROLLOVER,
    CONF_SERIAL,
    CONF_TIME_ZONE,
)
from .core.ledger.records import BookKind
from .core.site_file import AccountEntry, BusEntry, MeterEntry, SiteFile
from .core.site_file_text import dump_site_file
from .ledger_place import book_kind
from .lines import settings_of

if TYPE_CHECKING:
    from .site import CompereSite

_NO_PASSWORDS = (
    "# The passwords of relays are not in this file. Importing it leaves them as they are;\n"
    "# a site that is set up anew needs them again: relay_access: {password: ...} at each meter.\n"
)


async def export_site(site: CompereSite) -> str:
    """Return the whole site as a file that `import_site` accepts and finds unchanged.

    Passwords are not in it, and it says so; an import leaves those alone that it does not mention.
    """
    histories = await site.pools.histories()
    buses = {bus.id: bus for bus in site.buses.values()}
    has_secrets = any(CONF_RELAY_ACCESS in meter.data for meter in site.meters.values())
    return (_NO_PASSWORDS if has_secrets else "") + dump_site_file(
        SiteFile(
            name=site.name,
            currency=site.currency,
            time_zone=site.entry.data[CONF_TIME_ZONE],
            kind=None if (kind := book_kind(site.entry)) is BookKind.REAL else kind,
            buses=tuple(
                BusEntry(name=bus.name, line=settings_of(bus.data)) for bus in buses.values()
            ),
            meters=tuple(
                MeterEntry(
                    serial=meter.data[CONF_SERIAL],
                    name=meter.data[CONF_NAME],
                    bus=meter.bus.name,
                    address=meter.data[CONF_ADDRESS],
                    profile=meter.data[CONF_PROFILE],
                    area=meter.data.get(CONF_AREA) or "",
                    floor=meter.data.get(CONF_FLOOR) or "",
                    labels=tuple(meter.data.get(CONF_LABELS) or ()),
                    floor_area=_number(meter.data.get(CONF_FLOOR_AREA)),
                    rated_power=_number(meter.data.get(CONF_RATED_POWER)),
                    breaker=int(meter.data[CONF_BREAKER]),
                    multiplier=int(meter.data.get(CONF_MULTIPLIER) or 1),
                    rollover_kwh=meter.data.get(CONF_ROLLOVER),
                    power_scale=meter.data.get(CONF_POWER_SCALE),
                )
                for meter in {one.subentry_id: one for one in site.meters.values()}.values()
            ),
            accounts=tuple(
                AccountEntry(
                    number=account.number,
                    name=account.name,
                    meters=tuple(account.data[CONF_METERS]),
                    tariff=site.book.account(account.number).tariff,
                    policy=site.book.account(account.number).policy.name,
                    opening_balance=site.currency.parse(
                        account.data.get(CONF_OPENING_BALANCE) or "0"
                    ),
                    owner=bool(account.data.get(CONF_OWNER)),
                    notify=tuple(account.data.get(CONF_NOTIFY, ())) or None,
                    language=account.data.get(CONF_LANGUAGE),
                    floor_area=_number(account.data.get(CONF_FLOOR_AREA)),
                    rated_power=_number(account.data.get(CONF_RATED_POWER)),
                    persons=account.data.get(CONF_PERSONS),
                    opening_hours=_number(account.data.get(CONF_OPENING_HOURS)),
                )
                for account in site.accounts.values()
            ),
            calendars=tuple(site.book.calendars.values()),
            tariffs=tuple(
                version for tariff in site.book.tariffs.values() for version in tariff.versions
            ),
            policies=(*site.book.policies.values(), *site.book.planned),
            feeders=tuple(one for known in histories.feeders.values() for one, _ in known),
            pools=tuple(one for known in histories.pools.values() for one, _ in known),
        )
    )


def _number(value: Any) -> Decimal | None:
    number = None if value in (None, "") else Decimal(str(value))
    return number or None  # nothing is what nobody knows

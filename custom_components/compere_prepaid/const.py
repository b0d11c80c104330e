"""Names that Home Assistant's side shares: domain, subentry types, keys of configuration data.

A site is a config entry; its buses, meters and accounts are subentries. What is written under
these keys is what the site is composed of at the next start, so a key is never renamed without a
migration.
"""

from typing import Final

DOMAIN: Final = "compere_prepaid"

SUBENTRY_BUS: Final = "bus"
SUBENTRY_METER: Final = "meter"
SUBENTRY_ACCOUNT: Final = "account"
SUBENTRY_PROVIDER: Final = "provider"
FLOW_SCAN: Final = "scan"
"""Looks like a subentry's dialog and adds many of them: no subentry has this type."""

# Site and, for the name, everything else.
CONF_NAME: Final = "name"
CONF_CURRENCY: Final = "currency"
CONF_TIME_ZONE: Final = "time_zone"
CONF_BOOK_KIND: Final = "book_kind"
"""`real`, or `sandbox` for a site whose money is there for trying."""
CONF_LEDGER: Final = "ledger"
CONF_LEDGER_MADE: Final = "ledger_made"
CONF_INITIAL_PRICE: Final = "initial_price"
CONF_ADAPTATION: Final = "adaptation_days"

# Bus.
CONF_TRANSPORT: Final = "transport"
CONF_HOST: Final = "host"
CONF_PORT: Final = "port"
CONF_DEVICE: Final = "device"
CONF_BAUDRATE: Final = "baudrate"
CONF_PARITY: Final = "parity"
CONF_STOPBITS: Final = "stopbits"
CONF_TIMEOUT: Final = "timeout"
CONF_SPACING: Final = "spacing"
CONF_SHARED: Final = "shared"
CONF_QUEUES: Final = "queues"
"""Whether a Modbus TCP gateway queues requests, so that two may be under way."""
CONF_TOPIC_PREFIX: Final = "topic_prefix"
CONF_LIVE_INTERVAL: Final = "live_interval"
"""Seconds."""
CONF_ENERGY_INTERVAL: Final = "energy_interval"
"""Minutes."""

# Meter.
CONF_SERIAL: Final = "serial"
CONF_BUS: Final = "bus"
CONF_ADDRESS: Final = "address"
CONF_RELAY_ACCESS: Final = "relay_access"
CONF_PROFILE: Final = "profile"
CONF_AREA: Final = "area"
CONF_FLOOR: Final = "floor"
"""What a site file says; where Home Assistant's registries know a floor, theirs counts."""
CONF_LABELS: Final = "labels"
CONF_FLOOR_AREA: Final = "floor_area"
"""m², of a meter's shop, or of an account's in place of its meters'."""
CONF_RATED_POWER: Final = "rated_power"
CONF_BREAKER: Final = "breaker"
CONF_MULTIPLIER: Final = "multiplier"
CONF_ROLLOVER: Final = "rollover_kwh"
CONF_POWER_SCALE: Final = "power_scale"
"""What the meter's powers are multiplied by, 1 or 1000, as it was found on site."""
CONF_BACKSTOP: Final = "backstop"
"""Whether the meter holds its account's credit, to trip by itself when nobody commands it."""
CONF_LOW_CREDIT_DISPLAY: Final = "low_credit_display"
"""Whether the meter's display says when its account's credit is low."""
FROM_FILE: Final = (CONF_FLOOR, CONF_LABELS)
"""What only a site file says of a meter."""
FOUND_ON_SITE: Final = (CONF_POWER_SCALE, CONF_BACKSTOP, CONF_LOW_CREDIT_DISPLAY)
"""What was proved at a meter: it stays until somebody proves otherwise."""

# Account.
CONF_NUMBER: Final = "number"
CONF_METERS: Final = "meters"
CONF_TARIFF: Final = "tariff"
CONF_POLICY: Final = "policy"
CONF_OPENING_BALANCE: Final = "opening_balance"
CONF_OWNER: Final = "owner"
CONF_PERSONS: Final = "persons"
CONF_OPENING_HOURS: Final = "opening_hours"
"""A week."""
ACCOUNT_PREFIX: Final = "account_"
"""Begins the identifier of an account's device; its number follows."""
ACCOUNT_EVENT: Final = "account_event"
"""The key of an account's event entity."""
CONF_NOTIFY: Final = "notify"
"""How the tenant is told: names of Home Assistant's notify actions and entities."""
CONF_LANGUAGE: Final = "language"
"""In which the tenant is told; Home Assistant's where it is not there."""
MAX_NUMBER: Final = 40
"""Characters of an account's number. No colon either: it separates the parts of ledger ids."""

# Payment provider.
CONF_KIND: Final = "kind"
CONF_PROVIDER_KEY: Final = "key"
"""Names it within the site; part of ledger ids, so it never changes. After its provider is removed
the next one of the kind has it: that is how one comes back to its money and orders."""
CONF_TITLE: Final = "title"
PROVIDER_PREFIX: Final = "provider_"
"""Begins what a provider's device is known by, after the site; its key follows."""


def pool_owner(site_key: str, pool: str) -> str:
    """Return how the unique ids of a pool's entities begin; of all pools without a name."""
    return f"{site_key}_pool_{pool}"


def feeder_owner(site_key: str, feeder: str) -> str:
    """Return how the unique ids of a feeder's entities begin; of all feeders without a name."""
    return f"{site_key}_feeder_{feeder}"


def bus_unique_id(endpoint: str) -> str:
    """Name a bus subentry by the one thing that two buses cannot share."""
    return f"bus:{endpoint}"


def meter_unique_id(serial: str) -> str:
    """Name a meter subentry by the serial number that the meter itself tells."""
    return f"meter:{serial}"


def account_unique_id(number: str) -> str:
    """Name an account subentry by its number."""
    return f"account:{number}"


def provider_unique_id(key: str) -> str:
    """Name a payment provider's subentry by its key."""
    return f"provider:{key}"

"""A played site: what flows ask of a running site and its lines, answered as a test prepares it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResult
import probatio
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.bus.settings import LineSettings
from custom_components.compere_prepaid.core.errors import InvalidInputError, PrepaidError
from custom_components.compere_prepaid.core.meters.modbus_profile import RelayMode
from custom_components.compere_prepaid.core.meters.profile import MeterProtocol
from custom_components.compere_prepaid.core.money.amount import Currency

SITE_DATA = {
    "name": "Riverside Mall",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "book_kind": "real",
    "ledger": "",
    "initial_price": "0.6173",
    "adaptation_days": 21,
}
BUS_DATA = {
    "name": "East riser",
    "transport": "rtu_tcp",
    "host": "gateway",
    "port": 502,
    "device": "",
    "baudrate": 9600,
    "parity": "E",
    "stopbits": 1,
    "timeout": 1.0,
}
METER_DATA = {
    "serial": "33B0250100001",
    "name": "A-101",
    "bus": "east",
    "address": 1,
    "profile": "compere_kpm33b",
    "area": "",
    "floor_area": None,
    "rated_power": None,
    "breaker": 63,
}
ACCOUNT_DATA = {
    "number": "A-101",
    "name": "Noodle House",
    "meters": ["33B0250100001"],
    "tariff": "Retail TOU",
    "policy": "Standard",
    "opening_balance": "200",
}


CURRENCY = Currency.of("CNY")


@dataclass(frozen=True, slots=True)
class PlayedProfile:
    """A model as dialogs see it."""

    PROTOCOL: ClassVar[MeterProtocol] = MeterProtocol.MODBUS

    title: str
    unproved: tuple[str, ...] = ()
    channel_count: int = 1

    def unverified(self) -> tuple[str, ...]:
        """Name what nobody has proved."""
        return self.unproved


@dataclass(frozen=True, slots=True)
class PlayedCatalogue:
    """Knows two models, and one with channels."""

    profiles: Mapping[str, PlayedProfile] = field(
        default_factory=lambda: {
            "four_circuits": PlayedProfile("Four circuits", channel_count=4),
            "other_model": PlayedProfile("Other model"),
            "compere_kpm33b": PlayedProfile("Compere KPM33B", ("power_a", "power")),
        }
    )

    def get(self, name: str) -> PlayedProfile:
        """Return a model."""
        return self.profiles[name]


@dataclass(frozen=True, slots=True)
class PlayedPolicy:
    """A policy as dialogs see it."""

    name: str


@dataclass(slots=True)
class PlayedAccount:
    """An account as the ledger knows it."""

    tariff: str = "Retail TOU"
    policy: PlayedPolicy = PlayedPolicy("Standard")


@dataclass(slots=True)
class PlayedBook:
    """The accounts that are open."""

    accounts: dict[str, PlayedAccount] = field(default_factory=dict)

    def account(self, number: str) -> PlayedAccount:
        """Return an account; refuse one that is not open."""
        if number not in self.accounts:
            raise InvalidInputError("account_unknown", account=number)
        return self.accounts[number]


@dataclass(slots=True)
class PlayedAgreements:
    """Notes new terms, or refuses them."""

    made: list[tuple[str, str, str]] = field(default_factory=list)
    error: PrepaidError | None = None

    async def assign_tariff(self, numbers: Sequence[str], tariff: str, user: str) -> None:
        """Note a new tariff."""
        (number,) = numbers
        self._agree(number, tariff, user)

    async def apply_policy(self, numbers: Sequence[str], policy: str, user: str) -> None:
        """Note a new policy."""
        (number,) = numbers
        self._agree(number, policy, user)

    def _agree(self, number: str, name: str, user: str) -> None:
        if self.error is not None:
            raise self.error
        self.made.append((number, name, user))


@dataclass(slots=True)
class PlayedOpening:
    """Knows whose tenants moved out, and what number comes next."""

    closed: dict[str, str] = field(default_factory=dict)

    async def refuse_closed(self, number: str) -> None:
        """Refuse the number of a tenant who moved out."""
        if number in self.closed:
            raise InvalidInputError("account_closed", account=number, next=self.closed[number])


@dataclass(slots=True)
class PlayedSite:
    """Answers what flows ask a running site."""

    answers: dict[tuple[str, int | str], str | PrepaidError] = field(default_factory=dict)
    probed: list[tuple[str, int | str, str]] = field(default_factory=list)
    unset: tuple[RelayMode, ...] | PrepaidError = ()
    stays_unset: tuple[RelayMode, ...] | PrepaidError = ()
    """What a meter lacks still after the settings that its relay needs were written."""
    modes_set: list[tuple[str, int | str, str]] = field(default_factory=list)
    catalogue: PlayedCatalogue = field(default_factory=PlayedCatalogue)
    book: PlayedBook = field(default_factory=PlayedBook)
    agreements: PlayedAgreements = field(default_factory=PlayedAgreements)
    opening: PlayedOpening = field(default_factory=PlayedOpening)
    currency: Currency = CURRENCY
    entry: MockConfigEntry | None = None

    async def async_probe_meter(self, bus_id: str, address: int | str, profile: str) -> str:
        """Answer what was prepared for this address."""
        self.probed.append((bus_id, address, profile))
        answer = self.answers[bus_id, address]
        if isinstance(answer, PrepaidError):
            raise answer
        return answer

    async def async_unset_modes(
        self, bus_id: str, address: int | str, profile: str
    ) -> tuple[RelayMode, ...]:
        """Tell what the meter lacks."""
        del bus_id, address, profile
        if isinstance(self.unset, PrepaidError):
            raise self.unset
        return self.unset

    async def async_set_modes(
        self, bus_id: str, address: int | str, profile: str
    ) -> tuple[RelayMode, ...]:
        """Note that the settings are written."""
        self.modes_set.append((bus_id, address, profile))
        if isinstance(self.stays_unset, PrepaidError):
            raise self.stays_unset
        return self.stays_unset

    def tariff_names(self) -> list[str]:
        """Return two tariffs."""
        return ["Retail TOU", "Standard"]

    def policy_names(self) -> list[str]:
        """Return two policies."""
        return ["Anchor", "Standard"]


@dataclass(slots=True)
class PlayedLine:
    """Stands in for trying a connection."""

    tried: list[LineSettings] = field(default_factory=list)
    error: Exception | None = None

    async def async_test(self, _hass: HomeAssistant, settings: LineSettings) -> None:
        """Note what is tried, and fail if that was prepared."""
        self.tried.append(settings)
        if self.error is not None:
            raise self.error


async def page(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> FlowResult[Any, Any]:
    """Open a page of a site's options."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert name in menu["menu_options"]
    return await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": name}
    )


def form_of(result: FlowResult[Any, Any]) -> dict[str, tuple[probatio.Marker, Any]]:
    """Return the fields that a dialog asks for: marker and selector or section."""
    schema = result["data_schema"]
    assert schema is not None
    return {str(key): (key, value) for key, value in schema.schema.items()}


def suggestions(fields: Mapping[str, tuple[probatio.Marker, Any]]) -> dict[str, Any]:
    """Return what a form is filled in with."""
    return {
        name: marker.description["suggested_value"]
        for name, (marker, _) in fields.items()
        if marker.description
    }


def section_of(field: tuple[probatio.Marker, Any]) -> dict[str, tuple[probatio.Marker, Any]]:
    """Return the fields of a section of a form."""
    return {str(key): (key, value) for key, value in field[1].schema.schema.items()}


def add_site(hass: HomeAssistant, name: str, site: PlayedSite | None = None) -> MockConfigEntry:
    """Add a site; it runs if something is there to play it."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=name,
        data=SITE_DATA | {"name": name},
        unique_id=name.lower().replace(" ", "_"),
        state=ConfigEntryState.LOADED if site else ConfigEntryState.NOT_LOADED,
    )
    entry.add_to_hass(hass)
    if site:
        entry.runtime_data = site
        site.entry = entry
    return entry


def add_part(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    kind: str,
    data: Mapping[str, Any],
    *,
    part_id: str,
) -> ConfigSubentry:
    """Add a bus, meter or account to a site as a flow would have done."""
    subentry = ConfigSubentry(
        data=MappingProxyType(dict(data)),
        subentry_type=kind,
        title=data["name"],
        unique_id=f"{kind}:{part_id}",
        subentry_id=part_id,
    )
    hass.config_entries.async_add_subentry(entry, subentry)
    return subentry

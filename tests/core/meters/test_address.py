"""Addresses: one form in which each is kept, and which model can have it on which line."""

import pytest

from custom_components.compere_prepaid.core.bus.settings import LineSettings, Transport
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.meters.address import kept_address
from custom_components.compere_prepaid.core.meters.building import check_place
from custom_components.compere_prepaid.core.meters.catalogue import load_catalogue
from custom_components.compere_prepaid.core.meters.compere_mqtt.ports import BrokerSettings
from tests.core.meters.shipped import SHIPPED

PROFILES = load_catalogue([SHIPPED])
SERIAL = LineSettings(transport=Transport.SERIAL, device="port")
GATEWAY = LineSettings(transport=Transport.MODBUS_TCP, host="gateway", port=502)
SHARED = LineSettings(transport=Transport.RTU_TCP, host="gateway", port=502, shared=True)
BROKER = BrokerSettings()


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (1, 1),
        (" 247 ", 247),
        ("007", 7),
        (248, "000000000248"),
        ("000016818505", "000016818505"),
        (16818505, "000016818505"),
        ("000000000061", 61),
        ("33B1225950027", "33B1225950027"),
        ("0331225950027", "0331225950027"),
        ("١٢", "١٢"),
        ("", ""),
    ],
)
def test_one_address_has_one_form(written: int | str, kept: int | str) -> None:
    """However somebody wrote it: two meters at one place are then seen to be."""
    assert kept_address(written) == kept
    assert kept_address(kept) == kept


@pytest.mark.parametrize(
    ("profile", "address", "line", "key"),
    [
        ("compere_kpm33b", 1, SERIAL, None),
        ("compere_kpm33b", 1, GATEWAY, None),
        ("compere_kpm33b", 1, SHARED, None),
        ("compere_kpm33b", 0, SERIAL, "bus_address_invalid"),
        ("compere_kpm33b", "000000000248", SERIAL, "bus_address_invalid"),
        ("compere_kpm33b", 1, BROKER, "profile_other_bus"),
        ("dlt645_2007", "000016818505", SERIAL, None),
        ("dlt645_2007", 61, SERIAL, None),
        ("dlt645_2007", "33B1225950027", SERIAL, "dlt645_address_invalid"),
        ("dlt645_2007", "999999999999", SERIAL, "dlt645_address_invalid"),
        ("dlt645_2007", "000016818505", GATEWAY, "dlt645_needs_raw_line"),
        ("dlt645_2007", "000016818505", SHARED, "dlt645_needs_raw_line"),
        ("dlt645_2007", "000016818505", BROKER, "profile_other_bus"),
        ("compere_kpm33b_mqtt", "33B1225950027", BROKER, None),
        ("compere_kpm33b_mqtt", "33B1225950027", SERIAL, "profile_other_bus"),
    ],
)
def test_a_model_has_its_addresses_and_its_lines(
    profile: str, address: int | str, line: LineSettings | BrokerSettings, key: str | None
) -> None:
    """What cannot be is refused with the reason, before anything is asked."""
    refused = None
    try:
        check_place(PROFILES.get(profile), address, line)
    except InvalidInputError as error:
        refused = error.key
    assert refused == key

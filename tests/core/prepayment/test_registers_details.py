"""The meter's own tariff registers at the borders of what is believed."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.metering.plausibility import Baseline
from custom_components.compere_prepaid.core.metering.reading import MeterReading, Quantity
from custom_components.compere_prepaid.core.prepayment.registers import (
    energy_by_period,
    tariff_registers,
)
from custom_components.compere_prepaid.core.tariff.document import tariff_version_from
from custom_components.compere_prepaid.core.tariff.model import Tariff
from tests.core.prepayment.desk import CNY, START, ZONE

TWO = {"peak": "T1", "flat": "T2"}
NOON = timedelta(hours=2)
"""From the start to the border at 12:00 in Shanghai."""


def metered(registers: dict[str, str] | None, valid_from: str = "2020-01-01") -> Tariff:
    """Return a tariff with a border at noon."""
    data: dict[str, Any] = {
        "name": "Metered",
        "valid_from": valid_from,
        "prices": {"peak": Decimal(2), "flat": Decimal(1)},
        "schedule": [{"slots": {"00:00": "flat", "08:00": "peak", "12:00": "flat"}}],
    }
    if registers:
        data["meter_registers"] = registers
    return Tariff.of([tariff_version_from(data, CNY)])


def told(
    after: dict[str, int],
    *,
    before: dict[str, int] | None = None,
    counted: int = 100,
    hours: timedelta = timedelta(hours=4),
    tariff: Tariff | None = None,
) -> Any:
    """Return what the registers say of so many Wh from 10:00 on, both at 1000 Wh before."""
    return energy_by_period(
        tariff or metered(TWO),
        Baseline(wh=5000, at=START),
        Baseline(wh=5000 + counted, at=START + hours),
        {"T1": 1000, "T2": 1000} if before is None else before,
        after,
        ZONE,
    )


def test_registers_of_a_reading() -> None:
    """By their names; a reading without them, and no reading, tells nothing."""
    values = {
        Quantity.ENERGY_T1: 1,
        Quantity.ENERGY_T2: 2,
        Quantity.ENERGY_T3: 3,
        Quantity.ENERGY_T4: 4,
        Quantity.ENERGY_IMPORT: 10,
    }
    reading = MeterReading(serial=MeterSerial("M1"), at=START, values=values, relay_closed=None)
    assert tariff_registers(reading) == {"T1": 1, "T2": 2, "T3": 3, "T4": 4}
    assert tariff_registers(None) == {}


def test_registers_agree() -> None:
    """Each period has what its register counted."""
    assert told({"T1": 1070, "T2": 1030}) == {"peak": 70, "flat": 30}
    assert told({"T1": 1000, "T2": 1100}) == {"peak": 0, "flat": 100}


@pytest.mark.parametrize(("t1", "peak"), [(1069, 70), (1071, 70), (1068, 70), (1072, 70)])
def test_a_step_for_each_register_is_put_on_the_largest(t1: int, peak: int) -> None:
    """Each of the two may be off by a step of 1 Wh."""
    assert told({"T1": t1, "T2": 1030}) == {"peak": peak, "flat": 30}


def test_the_larger_of_them_is_corrected() -> None:
    """Whichever it is."""
    assert told({"T1": 1030, "T2": 1069}) == {"peak": 30, "flat": 70}


@pytest.mark.parametrize("t1", [1067, 1073])
def test_more_than_a_step_each_is_no_rounding(t1: int) -> None:
    """Then nothing of it is believed."""
    assert told({"T1": t1, "T2": 1030}) is None


def test_what_counted_backwards_or_less_than_nothing() -> None:
    """A register that was reset, or a correction that leaves less than nothing."""
    assert told({"T1": 999, "T2": 1101}) is None
    assert told({"T1": 1001, "T2": 1001}, counted=0) is None
    assert told({"T1": 1001, "T2": 1001}, counted=1) == {"peak": 0, "flat": 1}
    assert told({"T1": 1001, "T2": 1000}, counted=1) == {"peak": 1, "flat": 0}


def test_registers_are_not_asked_without_a_border_between() -> None:
    """Up to the border itself time says all; a moment later it does not."""
    after = {"T1": 1100, "T2": 1000}
    assert told(after, hours=NOON) is None
    assert told(after, hours=NOON + timedelta(microseconds=1)) == {"peak": 100, "flat": 0}


def test_registers_that_are_not_known() -> None:
    """On either side, or by the tariff, or where no tariff holds yet."""
    after = {"T1": 1070, "T2": 1030}
    assert told({"T1": 1070}) is None
    assert told(after, before={"T2": 1000}) is None
    assert told(after, before={}) is None
    assert told(after, tariff=metered(None)) is None
    assert told(after, tariff=metered(TWO, "2026-03-03")) is None

"""The test of a meter's stored credit, by meters that set, add, and do neither."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.bus.requests import NoAnswerError
from custom_components.compere_prepaid.core.commissioning.credit_test import (
    CreditTest,
    Writing,
    try_stored_credit,
)
from custom_components.compere_prepaid.core.errors import OperationFailedError
from custom_components.compere_prepaid.core.meters.decode import (
    Encoding,
    Unit,
    WordOrder,
    decode_number,
)
from custom_components.compere_prepaid.core.meters.modbus_profile import StoredCredit
from custom_components.compere_prepaid.core.meters.profile import Verified
from custom_components.compere_prepaid.core.meters.stored_credit import energy_words
from tests.core.meters.played_meter import KPM33B


@dataclass(slots=True)
class Played:
    """A meter's credit; `take` says what a write makes of it, `lost` which writes go unanswered."""

    credit: int
    take: Callable[[int, int], int]
    used_between: int = 0
    lost: frozenset[int] = frozenset()
    silent_reads: frozenset[int] = frozenset()
    written: list[int] = field(default_factory=list)
    reads: int = 0

    async def read_credit(self) -> int:
        """Return it, after some was used."""
        self.reads += 1
        if self.reads in self.silent_reads:
            raise NoAnswerError(1)
        self.credit -= self.used_between
        return self.credit

    async def write_credit(self, energy_wh: int) -> None:
        """Take it, and answer or not."""
        self.written.append(energy_wh)
        self.credit = self.take(self.credit, energy_wh)
        if len(self.written) in self.lost:
            raise NoAnswerError(1)


def sets(_there: int, written: int) -> int:
    """Set."""
    return written


def adds(there: int, written: int) -> int:
    """Add."""
    return there + written


def ignores(there: int, _written: int) -> int:
    """Do nothing."""
    return there


def tried(meter: Played) -> CreditTest:
    """Try a meter."""
    return asyncio.run(try_stored_credit(meter))


@given(
    st.integers(0, 50_000_000),
    st.sampled_from([(sets, Writing.SETS), (adds, Writing.ADDS)]),
    st.integers(0, 100),
    st.sets(st.integers(1, 3)),
)
def test_setting_and_adding_are_told_apart(
    before: int,
    kind: tuple[Callable[[int, int], int], Writing],
    used: int,
    lost: set[int],
) -> None:
    """Whatever was there, also while a load uses some, also where writes are not answered."""
    take, writing = kind
    meter = Played(before, take, used, frozenset(lost))
    found = tried(meter)
    assert found.writing is writing
    assert meter.written == [10_000, 10_000, *([before - used] if writing is Writing.SETS else [])]
    assert found.restored is (writing is Writing.SETS)


def test_meter_that_ignores_writes_is_unknown() -> None:
    """It shows what it showed; nothing is to be put back."""
    found = tried(Played(5_000, ignores))
    assert (found.writing, found.restored) == (Writing.UNKNOWN, True)


@pytest.mark.parametrize("credit", [10_000, 9_800])
def test_meter_that_ignores_writes_and_shows_ten(credit: int) -> None:
    """It looks like one that sets: it is given what it shows, so no harm comes of it."""
    found = tried(Played(credit, ignores))
    assert found.restored


def test_a_silent_meter_is_never_written_twice() -> None:
    """Once silent for three readings, it is unknown; nothing is sent again."""
    meter = Played(5_000, sets, silent_reads=frozenset({2, 3, 4}))
    found = tried(meter)
    assert (found.writing, found.restored, found.readings) == (Writing.UNKNOWN, False, (5_000,))
    assert meter.written == [10_000]
    unread = Played(5_000, sets, silent_reads=frozenset({1, 2, 3}))
    with pytest.raises(OperationFailedError):
        tried(unread)
    assert unread.written == []


@given(st.integers(0, 99_999_000), st.sampled_from(list(WordOrder)))
def test_what_is_written_is_read_back(energy_wh: int, order: WordOrder) -> None:
    """Within what single precision can hold; whole numbers exactly."""
    for encoding, unit in (
        (Encoding.FLOAT32, Unit.KILO_WATT_HOUR),
        (Encoding.UINT32, Unit.WATT_HOUR),
    ):
        place = StoredCredit(
            function=KPM33B.blocks[0].function,
            address=0x0E,
            encoding=encoding,
            order=order,
            unit=unit,
            writing="unknown",
            verified=Verified.VENDOR,
        )
        back = decode_number(energy_words(energy_wh, place), encoding, order, unit)
        assert back is not None
        allowed = energy_wh // 2**23 + 1 if encoding is Encoding.FLOAT32 else 0
        assert abs(back - energy_wh) <= allowed


def test_vendors_frame() -> None:
    """100 kWh are 42C8 0000 (KPM33B manual V3.4, prepaid energy)."""
    assert KPM33B.stored_credit is not None
    assert energy_words(100_000, KPM33B.stored_credit) == (0x42C8, 0x0000)

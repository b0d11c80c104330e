"""Records: joined, and sifted of what is repeated, late, or not the meter's own."""

from collections.abc import Callable
import json

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.meters.compere_mqtt.messages import (
    Message,
    parse_message,
)
from custom_components.compere_prepaid.core.meters.compere_mqtt.profile import (
    IMPORT,
    contradicts_itself,
)
from custom_components.compere_prepaid.core.meters.compere_mqtt.session import (
    MOST_METERS,
    Session,
)
from tests.core.meters.captured_mqtt import (
    ENERGY_OF_FIRST,
    ENERGY_OF_SECOND,
    FIRST,
    HALF_HOUR,
    LIVE,
    SECOND,
    THIRD,
    ZEROS_OF_SECOND,
    energy,
)

NOW = 1000.0


def take(
    session: Session, *payloads: bytes, topic: str = "MQTT_ENY_NOW", at: float = NOW
) -> list[Message]:
    """Return the records that come of these messages."""
    records = (session.take(parse_message(topic, payload), at) for payload in payloads)
    return [record for record in records if record is not None]


def register(wh: int, time: str = "20260112170000", code: str = FIRST) -> bytes:
    """Return an energy record that shows this."""
    shown = f"{wh // 1000}.{wh % 1000:03}"
    return energy(code, shown, (shown, "0", "0", "0"), time)


def test_a_record_that_comes_twice_comes_once() -> None:
    """The same topic, meter and time is the same record, within ten minutes."""
    session = Session()
    assert len(take(session, ENERGY_OF_FIRST, ENERGY_OF_FIRST)) == 1
    assert take(session, ENERGY_OF_FIRST, at=NOW + 500) == []
    assert session.dropped["repeated"] == 2


def test_live_and_energy_of_one_second_are_two_records() -> None:
    """The topic is part of the key."""
    session = Session()
    live = LIVE.replace(b"20260112163900", b"20260112170000")
    assert (
        len(take(session, ENERGY_OF_FIRST)) == len(take(session, live, topic="MQTT_RT_DATA")) == 1
    )


def test_a_clock_that_stands_still() -> None:
    """A register that counted on is new, whatever the clock says."""
    session = Session()
    assert len(take(session, register(5000), register(5001), register(5001))) == 2


def test_a_record_that_was_held_up_is_no_register_that_runs_backwards() -> None:
    """Older and lower is late; newer and lower is for charging to suspect."""
    session = Session()
    assert len(take(session, register(5000, "20260112170500"))) == 1
    assert take(session, register(4000, "20260112170000")) == []
    assert len(take(session, register(4000, "20260112171000"))) == 1
    assert session.dropped["late"] == 1


def test_records_that_were_held_up_are_not_stamped_now() -> None:
    """After an hour without network a meter sends what it kept: only what is new counts."""
    session = Session()
    assert len(take(session, register(5000, "20260112170000"))) == 1
    kept = [register(5000 + minute, f"2026011217{minute:02}00") for minute in range(5, 60, 5)]
    (last,) = take(session, *reversed(kept[:-1]), register(6000, "20260112180000"), at=NOW + 3600)
    assert last.number(IMPORT) == 6
    assert session.dropped["late"] == len(kept) - 1


def test_a_clock_that_was_set_back_by_minutes() -> None:
    """It looks like lateness for two minutes; or not at all, where it was set from here."""
    session = Session()
    assert len(take(session, register(5000, "20260112170000"))) == 1
    assert take(session, register(5001, "20260112165000"), at=NOW + 60) == []
    assert len(take(session, register(5003, "20260112165300"), at=NOW + 240)) == 1
    session.expect_other_clock(FIRST)
    assert len(take(session, register(5004, "20260112163000"), at=NOW + 300)) == 1


def test_a_clock_that_was_set_back_for_years() -> None:
    """It is believed: nothing is held up for so long."""
    session = Session()
    assert (
        len(take(session, register(5000, "20260112170500"), register(5001, "20050113170000"))) == 2
    )


def test_zeros_under_a_neighbours_code_are_not_the_neighbours() -> None:
    """Neither before it has counted nor after."""
    session = Session()
    assert take(session, ZEROS_OF_SECOND) == []
    assert len(take(session, ENERGY_OF_SECOND)) == 1
    later = ZEROS_OF_SECOND.replace(b"20260112170000", b"20260112171500")
    assert take(session, later) == []
    assert session.dropped["zero"] == 2


def test_a_new_meter_may_stand_at_zero() -> None:
    """If it has told of a voltage; one that has counted before may not."""
    session = Session()
    live = LIVE.replace(FIRST.encode(), SECOND.encode())
    assert len(take(session, live, topic="MQTT_RT_DATA")) == 1
    assert len(take(session, ZEROS_OF_SECOND)) == 1
    known = Session()
    known.remember(SECOND)
    take(known, live, topic="MQTT_RT_DATA")
    assert take(known, ZEROS_OF_SECOND) == []


def packets(count: int, *, time: str = "20260112170000", code: str = FIRST) -> list[bytes]:
    """Return a record in that many packets, the register in the first."""
    fields = {IMPORT: 5.0} | {f"x{number}": 1 for number in range(count - 1)}
    return [
        json.dumps(
            {"id": code, key: value, "time": time, "isend": "1" if place == count - 1 else "0"}
        ).encode()
        for place, (key, value) in enumerate(fields.items())
    ]


@pytest.mark.parametrize("count", [1, 2, 9, 11, 16])
def test_packets_are_joined(count: int) -> None:
    """Up to sixteen, in whatever topics come in between."""
    session = Session()
    parts = packets(count)
    assert take(session, *parts[:-1]) == []
    take(session, LIVE, topic="MQTT_RT_DATA")
    (record,) = take(session, parts[-1])
    assert len(record.fields) == count
    assert record.number(IMPORT) == 5


def test_what_is_never_finished_is_dropped() -> None:
    """After half a minute, after too many packets, and when others begin."""
    session = Session()
    first, last = packets(2)
    assert take(session, first) == []
    take(session, *packets(2, time="20260112170040"), at=NOW + 40)
    assert session.dropped["incomplete"] == 1
    (alone,) = take(session, last, at=NOW + 41)
    assert alone.number(IMPORT) is None
    assert take(session, *packets(40, time="20260112180000")[:-1]) == []
    for minute in range(10):
        take(session, packets(2, time=f"2026011219{minute:02}00")[0])
    assert sum(len(trace.open) for trace in session._traces.values()) <= 4


def test_memory_is_bounded(figure: Callable[[str], None]) -> None:
    """A storm of invented meters makes nobody forget more than the ones silent for longest."""
    session = Session()
    for number in range(3 * MOST_METERS):
        take(session, register(1000, code=f"{number:013}"))
        take(session, packets(2, code=f"{number:013}", time="20260112180000")[0])
    assert len(session._traces) == MOST_METERS
    figure(f"MQTT: {3 * MOST_METERS} invented meters, {MOST_METERS} remembered")


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=40))
def test_registers_never_fall_by_lateness(order: list[tuple[int, int]]) -> None:
    """However records of a counting meter are repeated, delayed and mixed, none goes backwards."""
    session = Session()
    shown = 0
    for hour, minute in order:
        wh = 1000 * (10 * hour + minute + 1)
        for record in take(session, register(wh, f"202601121{hour}0{minute}00")):
            told = record.number(IMPORT)
            assert told is not None
            assert told >= shown
            shown = int(told)


def test_captured_half_hour(figure: Callable[[str], None]) -> None:
    """What three meters really sent: no zero passes, nothing passes twice, nobody contradicts."""
    session = Session()
    passed = take(session, *HALF_HOUR)
    assert all((record.number(IMPORT) or 0) > 0 for record in passed)
    assert len({(r.meter, r.stamped, r.number(IMPORT)) for r in passed}) == len(passed)
    assert {record.meter for record in passed} == {FIRST, SECOND, THIRD}
    assert not any(contradicts_itself(record) for record in passed)
    dropped = ", ".join(f"{count} {reason}" for reason, count in session.dropped.items() if count)
    figure(f"MQTT: of {len(HALF_HOUR)} captured records {len(passed)} passed; dropped {dropped}")

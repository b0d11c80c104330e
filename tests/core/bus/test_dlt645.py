"""DL/T 645-2007 frames: published ones, round trips, and everything that comes over a bad line."""

from collections.abc import Callable
import random

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.bus.dlt645 import (
    EVERYBODY,
    NO_RIGHT,
    NO_SUCH_DATA,
    PREAMBLE,
    Control,
    Dlt645RefusedError,
    Dlt645Request,
    Frame,
    FrameReader,
)
from custom_components.compere_prepaid.core.bus.requests import (
    BusError,
    GarbledAnswerError,
    RefusedError,
)
from tests.core.bus.dlt645_frames import DAMAGED, OFFICE, PUBLISHED, WORKSHOP, Published

REGISTRATION = b"\x00\x1a\x2b\x3c\x4d\x5e"
"""What some serial servers put before what they carry: here six bytes of an address."""

ADDRESSES = st.text("0123456789", min_size=12, max_size=12).filter(lambda one: one != EVERYBODY)
FRAMES = st.builds(
    Frame,
    address=ADDRESSES,
    control=st.integers(0, 255),
    data=st.binary(max_size=200),
)


def frames_in(data: bytes) -> list[Frame]:
    """Return all frames in bytes that come at once."""
    return list(FrameReader().feed(data))


def answer_to(request: Dlt645Request, data: bytes) -> tuple[int, ...] | None:
    """Return what a request makes of bytes that come at once."""
    return request.exchange().feed(data)


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda one: one.raw[:40])
def test_published_frames_are_understood(published: Published) -> None:
    """Address, control byte and data are what they mean, and written again they are the same."""
    raw = bytes.fromhex(published.raw)
    (frame,) = frames_in(raw)
    assert frame.address == published.address
    assert frame.control == published.control
    assert frame.data == bytes.fromhex(published.data)
    assert frame.encode() == raw


def test_a_published_frame_with_a_wrong_checksum_is_none() -> None:
    """It is skipped, and so is what is damaged in any one place of a good frame."""
    assert frames_in(bytes.fromhex(DAMAGED)) == []
    good = bytearray.fromhex(PUBLISHED[11].raw)
    for place in range(len(good)):
        for bit in range(8):
            bad = good.copy()
            bad[place] ^= 1 << bit
            assert frames_in(bytes(bad)) == []


def test_all_thirty_two_frames_are_there(figure: Callable[[str], None]) -> None:
    """None of the published ones was left out."""
    assert len({one.raw for one in PUBLISHED}) == 32
    figure(f"DL/T 645: {len(PUBLISHED)} published frames understood, 1 damaged one refused")


@pytest.mark.parametrize(
    ("request_", "raw"),
    [
        (Dlt645Request.read_address(), PUBLISHED[0].raw),
        (Dlt645Request.read(WORKSHOP, 0x00010000, expects=4), PUBLISHED[2].raw),
        (Dlt645Request.read(OFFICE, 0x0001FF00, expects=20), PUBLISHED[10].raw),
        (Dlt645Request.read(OFFICE, 0x00900200, expects=4), PUBLISHED[15].raw),
        (
            Dlt645Request(
                unit="111111111111",
                control=Control.SWITCH,
                data=bytes.fromhex("00 000000 00000000 1A 00 24 41 15 12 05 18"),
                expects=0,
            ),
            PUBLISHED[25].raw,
        ),
    ],
)
def test_requests_are_the_frames_that_masters_have_sent(request_: Dlt645Request, raw: str) -> None:
    """After four FEh; and the length of question and answer is known before."""
    assert request_.exchange().frame == PREAMBLE + bytes.fromhex(raw)
    assert request_.characters == len(request_.exchange().frame) + request_.exchange().expected


def test_a_longer_answer_is_asked_for_piece_by_piece() -> None:
    """The meter says that it has more; the next question counts, and its answer repeats that."""
    first = Dlt645Request.read(OFFICE, 0x06000001, expects=3)
    sent = Frame(address=OFFICE, control=0xB1, data=bytes.fromhex("01000006 112233")).encode()
    assert answer_to(first, sent) == (1, 0x11, 0x22, 0x33)
    second = Dlt645Request.read_next(OFFICE, 0x06000001, 1, expects=2)
    asked = bytes.fromhex("68 12 00 00 00 10 20 68 12 05 34 33 33 39 34 30 16")
    assert second.exchange().frame == PREAMBLE + asked
    other = Frame(address=OFFICE, control=0x92, data=bytes.fromhex("01000006 7777 02"))
    right = Frame(address=OFFICE, control=0x92, data=bytes.fromhex("01000006 4455 01"))
    assert answer_to(second, other.encode() + right.encode()) == (0, 0x44, 0x55)
    assert second.exchange().expected == len(PREAMBLE) + len(right.encode())


BEFORE = {
    "nothing": b"",
    "one preamble byte": b"\xfe",
    "three preamble bytes": b"\xfe" * 3,
    "a whole preamble": PREAMBLE,
    "its own echo": Dlt645Request.read(WORKSHOP, 0x00010000, expects=4).frame,
    "a registration packet": REGISTRATION,
    "noise": bytes.fromhex("00 FF 16 16 80 7F"),
    "a beginning without an end": bytes.fromhex("68 61 01 00 00 00 00 68 91"),
    "half a frame": bytes.fromhex(PUBLISHED[3].raw)[:12],
    "beginnings only": b"\x68" * 20,
    "a longer frame that never ends": bytes.fromhex("68 61 01 00 00 00 00 68 91 FF"),
    "another meter's answer": bytes.fromhex(PUBLISHED[21].raw),
    "an answer about something else": bytes.fromhex(PUBLISHED[4].raw),
    "another meter's refusal": bytes.fromhex(PUBLISHED[17].raw),
    "a frame with a wrong checksum": bytes.fromhex(DAMAGED),
    "a Modbus answer": bytes.fromhex("01 03 04 00 00 00 68 FA 1D"),
}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_what_comes_before_an_answer_is_skipped(before: bytes) -> None:
    """Preambles, echoes, registration packets, noise, halves, other people's frames."""
    request = Dlt645Request.read(WORKSHOP, 0x00010000, expects=4)
    assert answer_to(request, before + bytes.fromhex(PUBLISHED[3].raw)) == (0, 0x26, 0, 0, 0)


def test_what_stands_before_answers_is_counted(figure: Callable[[str], None]) -> None:
    """All of it at once, in a random order, many times: the answer is found each time."""
    request = Dlt645Request.read(WORKSHOP, 0x00010000, expects=4)
    order, rounds = random.Random(645), 500
    for _ in range(rounds):
        before = b"".join(order.sample(list(BEFORE.values()), k=5))
        assert answer_to(request, before + bytes.fromhex(PUBLISHED[3].raw)) == (0, 0x26, 0, 0, 0)
    figure(f"DL/T 645: the answer found behind {rounds} mixtures of echo, noise and other frames")


def test_a_checksum_that_looks_like_an_end_ends_nothing() -> None:
    """4.999 A has the checksum 16h; the frame ends one byte later."""
    request = Dlt645Request.read(WORKSHOP, 0x02020100, expects=3)
    exchange = request.exchange()
    raw = bytes.fromhex(PUBLISHED[5].raw)
    assert exchange.feed(raw[:-1]) is None
    assert exchange.feed(raw[-1:]) == (0, 0x99, 0x49, 0x00)


@pytest.mark.parametrize(
    ("raw", "code"), [(PUBLISHED[17].raw, NO_SUCH_DATA), (PUBLISHED[20].raw, NO_RIGHT)]
)
def test_a_refusal_is_told_with_its_code(raw: str, code: int) -> None:
    """The published ones: no such data, no right. It never says that the meter is busy."""
    (frame,) = frames_in(bytes.fromhex(raw))
    request = Dlt645Request.read(frame.address, 0x00010000, expects=4)
    with pytest.raises(Dlt645RefusedError) as refused:
        answer_to(request, bytes.fromhex(raw))
    assert refused.value.code == code
    assert refused.value.placeholders == {"address": frame.address, "code": f"{code:02X}"}
    assert not Dlt645RefusedError(OFFICE, 6).is_busy
    assert RefusedError(1, 6).is_busy


def test_a_refusal_without_a_reason_is_one_all_the_same() -> None:
    """Some meters leave the error byte out."""
    request = Dlt645Request(unit=OFFICE, control=Control.SWITCH, data=bytes(16), expects=0)
    with pytest.raises(Dlt645RefusedError) as refused:
        answer_to(request, Frame(address=OFFICE, control=0xDC).encode())
    assert refused.value.code == 0


def test_a_command_is_answered_by_its_acknowledgement() -> None:
    """The published one; an answer to a read does not pass for it."""
    request = Dlt645Request(unit="223002000066", control=Control.SWITCH, data=bytes(16), expects=0)
    assert request.is_write
    assert not request.is_proven_by_echo
    assert answer_to(request, bytes.fromhex(PUBLISHED[23].raw)) is None
    assert answer_to(request, bytes.fromhex(PUBLISHED[24].raw)) == (0,)


def test_whoever_hears_the_wildcard_answers() -> None:
    """The address is then in the answer; wildcards may also stand for the leading digits."""
    told = bytes.fromhex(PUBLISHED[1].raw)
    assert answer_to(Dlt645Request.read_address(), told) == (0, 0x12, 0, 0, 0, 0x10, 0x20)
    assert answer_to(Dlt645Request.read_address("AAAAAAAAAA12"), told) is not None
    assert answer_to(Dlt645Request.read_address("AAAAAAAAAA13"), told) is None
    short = Frame(address=OFFICE, control=0x93, data=b"\x12").encode()
    assert answer_to(Dlt645Request.read_address(), short) is None


@pytest.mark.parametrize(
    "unit",
    [EVERYBODY, "", "20100000001", "2010000000123", "20100000001x", "2010000000AA", "١٢٣٤٥٦٧٨٩٠١٢"],
)
def test_nobody_is_asked_who_cannot_answer(unit: str) -> None:
    """A broadcast has no answer, and anything but twelve digits is no address."""
    with pytest.raises(ValueError, match="no frame can carry"):
        Dlt645Request.read(unit, 0x00010000, expects=4)


def test_a_password_is_in_no_text() -> None:
    """Whatever logs a request or a frame does not tell what is in it."""
    secret = b"\x02secret"
    request = Dlt645Request(unit=OFFICE, control=Control.SWITCH, data=secret, expects=0)
    frame = Frame(address=OFFICE, control=0x1C, data=secret)
    for text in (repr(request), str(request), repr(frame)):
        assert "secret" not in text
        assert "data" not in text


def test_babble_is_not_listened_to_for_ever() -> None:
    """After about a thousand bytes without an answer there will be none."""
    exchange = Dlt645Request.read(OFFICE, 0x00010000, expects=4).exchange()
    assert exchange.feed(b"\x68" * 1000) is None
    with pytest.raises(GarbledAnswerError):
        exchange.feed(b"\x68" * 1000)


def test_an_answer_is_checked_by_the_bus_too() -> None:
    """It begins with 0 or 1, and all of it are bytes."""
    request = Dlt645Request.read(OFFICE, 0x00010000, expects=4)
    assert request.is_answered_by((0, 1, 2, 3, 255))
    assert request.is_answered_by((1,))
    for wrong in ((), (2, 0, 0, 0, 0), (0, 256), (0, -1)):
        assert not request.is_answered_by(wrong)


@given(FRAMES)
def test_frames_survive_the_wire(frame: Frame) -> None:
    """Whatever is sent is what is received, also with 33h added over the edge of a byte."""
    assert frames_in(frame.encode()) == [frame]


@given(st.binary(max_size=300), FRAMES, st.data())
def test_pieces_make_no_difference(noise: bytes, frame: Frame, data: st.DataObject) -> None:
    """The same bytes make the same frames, however they are cut."""
    stream = noise + frame.encode() + noise + frame.encode()
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
    reader, found = FrameReader(), list[Frame]()
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += reader.feed(stream[start:end])
    assert found == frames_in(stream)


REQUESTS = st.sampled_from(
    [
        Dlt645Request.read_address(),
        Dlt645Request.read_address(OFFICE),
        Dlt645Request.read(OFFICE, 0x0001FF00, expects=20),
        Dlt645Request.read_next(OFFICE, 0x0001FF00, 1, expects=20),
        Dlt645Request(unit=OFFICE, control=Control.SWITCH, data=bytes(16), expects=0),
    ]
)
PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([bytes.fromhex(one.raw) for one in PUBLISHED]),
    FRAMES.map(Frame.encode),
    st.builds(
        Frame,
        address=st.just(OFFICE),
        control=st.sampled_from([0x91, 0xB1, 0xD1, 0x92, 0xB2, 0xD2, 0x93, 0xD3, 0x9C, 0xDC]),
        data=st.binary(max_size=8).map(lambda tail: bytes.fromhex("00FF0100") + tail),
    ).map(Frame.encode),
)


@given(REQUESTS, st.lists(PIECES, max_size=12))
def test_any_bytes_bring_an_answer_or_our_error(
    request_: Dlt645Request, pieces: list[bytes]
) -> None:
    """Whatever comes, in pieces or at once: the same answer, the same error of ours, or neither."""
    outcomes = set[object]()
    for parts in (pieces, [b"".join(pieces)], [bytes((byte,)) for byte in b"".join(pieces)]):
        exchange = request_.exchange()
        outcome: tuple[int, ...] | str | None = None
        try:
            for part in parts:
                if (outcome := exchange.feed(part)) is not None:
                    assert request_.is_answered_by(outcome)
                    break
        except BusError as error:
            outcome = str(error)
        outcomes.add(outcome)
    assert len(outcomes) == 1

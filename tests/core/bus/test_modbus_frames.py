"""Modbus frames: published bytes, every split, and nothing but our own errors for rubbish."""

from contextlib import suppress
from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.bus.modbus_frames import (
    MbapStream,
    RtuExchange,
    answer_pdu_length,
    crc16,
    decode_pdu,
    encode_pdu,
    mbap_frame,
)
from custom_components.compere_prepaid.core.bus.requests import (
    BusError,
    Function,
    GarbledAnswerError,
    NoAnswerError,
    RefusedError,
    Request,
)


def framed(body: bytes) -> bytes:
    """Return a body with its checksum."""
    return body + crc16(body).to_bytes(2, "little")


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Draw any request that a frame can carry."""
    function = draw(st.sampled_from(Function))
    single = function in (Function.WRITE_COIL, Function.WRITE_REGISTER)
    count = 1 if single else draw(st.integers(1, 123))
    largest = 1 if function.is_bits else 0xFFFF
    values = draw(st.lists(st.integers(0, largest), min_size=count, max_size=count))
    return Request(
        unit=draw(st.integers(1, 247)),
        function=function,
        address=draw(st.integers(0, 0xFFFF - count)),
        count=count,
        values=tuple(values) if function.is_write else (),
    )


def answer_to(request: Request, data: bytes) -> tuple[bytes, tuple[int, ...]]:
    """Return a right answer's PDU, and what it says; `data` fills the registers or bits."""
    if request.is_write:
        return encode_pdu(request)[:5], request.values
    size = answer_pdu_length(request) - 2
    data = (data * size)[:size].ljust(size, b"\0")
    if request.function.is_bits:
        bits = int.from_bytes(data, "little")
        said = tuple(bits >> place & 1 for place in range(request.count))
    else:
        said = tuple(int.from_bytes(data[i : i + 2]) for i in range(0, size, 2))
    return bytes([request.function, size]) + data, said


@pytest.mark.parametrize(
    ("request_", "frame", "answer", "values"),
    [
        (
            Request(unit=1, function=Function.READ_COILS, address=1),
            "01 01 00 01 00 01 AC 0A",
            "01 01 01 01 90 48",
            (1,),
        ),
        (
            Request(unit=1, function=Function.WRITE_COIL, address=1, values=(1,)),
            "01 05 00 01 FF 00 DD FA",
            "01 05 00 01 FF 00 DD FA",
            (1,),
        ),
        (
            Request(unit=1, function=Function.WRITE_COIL, address=1, values=(0,)),
            "01 05 00 01 00 00 9C 0A",
            "01 05 00 01 00 00 9C 0A",
            (0,),
        ),
        (
            Request(
                unit=1,
                function=Function.WRITE_REGISTERS,
                address=0x57,
                count=2,
                values=(1, 1),
            ),
            "01 10 00 57 00 02 04 00 01 00 01 27 75",
            "01 10 00 57 00 02 F0 18",
            (1, 1),
        ),
    ],
    ids=["read relay", "close", "open", "trip an Acrel"],
)
def test_frames_of_the_manuals(
    request_: Request, frame: str, answer: str, values: tuple[int, ...]
) -> None:
    """KPM33B manual V3.4 (relay examples), and the frames of an Acrel tool."""
    exchange = RtuExchange(request_)
    assert exchange.frame.hex(" ").upper() == frame
    assert exchange.feed(bytes.fromhex(answer)) == values


@given(requests(), st.binary(min_size=1), st.data())
def test_an_answer_is_found_in_any_pieces_behind_any_noise(
    request: Request, data: bytes, draw: st.DataObject
) -> None:
    """Cut anywhere, with rubbish before it that does not begin like an answer."""
    pdu, said = answer_to(request, data)
    unit = request.unit
    noise = bytes(byte for byte in draw.draw(st.binary(max_size=20)) if byte != unit)
    stream = noise + framed(bytes([unit]) + pdu)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    exchange = RtuExchange(request)
    found = [exchange.feed(stream[a:b]) for a, b in pairwise([0, *cuts, len(stream)])]
    assert [answer for answer in found if answer is not None] == [said]


@given(requests(), st.binary(min_size=1), st.integers(0, 400), st.integers(1, 255))
def test_no_flipped_bits_pass(request: Request, data: bytes, place: int, bits: int) -> None:
    """Whatever changes in one byte of an answer: an error or nothing, never a value."""
    pdu, said = answer_to(request, data)
    frame = bytearray(framed(bytes([request.unit]) + pdu))
    frame[place % len(frame)] ^= bits
    with suppress(GarbledAnswerError):
        assert RtuExchange(request).feed(bytes(frame)) is None, said


@given(requests(), st.lists(st.binary(max_size=40), max_size=30))
def test_rubbish_gives_only_our_errors(request: Request, pieces: list[bytes]) -> None:
    """And no end of it is kept."""
    exchange = RtuExchange(request)
    with suppress(BusError):
        for piece in pieces:
            exchange.feed(piece)


def test_somebody_elses_frames_are_skipped() -> None:
    """Another unit's answer, the own question's echo, another function, another length."""
    request = Request(unit=7, function=Function.READ_HOLDING, address=0x28, count=2)
    others = [
        framed(bytes([8, 3, 4, 0, 1, 0, 2])),
        RtuExchange(request).frame,
        framed(bytes([7, 4, 4, 0, 1, 0, 2])),
        framed(bytes([7, 3, 2, 0, 1])),
        framed(bytes([7, 5, 0, 1, 255, 0])),
    ]
    exchange = RtuExchange(request)
    assert [exchange.feed(frame) for frame in others] == [None] * 5
    assert exchange.feed(framed(bytes([7, 3, 4, 0, 5, 0, 6]))) == (5, 6)


def test_a_writes_answer_must_repeat_it() -> None:
    """Another address or value, with a right checksum, is no answer to this write."""
    request = Request(unit=7, function=Function.WRITE_COIL, address=1, values=(1,))
    exchange = RtuExchange(request)
    assert exchange.feed(framed(bytes([7, 5, 0, 1, 0, 0]))) is None
    assert exchange.feed(framed(bytes([7, 5, 0, 2, 255, 0]))) is None
    assert exchange.feed(framed(bytes([7, 5, 0, 1, 255, 0]))) == (1,)


@pytest.mark.parametrize("code", [1, 6, 10, 11, 200])
def test_a_refusal_is_one_behind_both_frames(code: int) -> None:
    """The meter's own no, and the gateway's that nobody answered."""
    request = Request(unit=7, function=Function.READ_INPUT, address=0, count=2)
    kind = NoAnswerError if code in {10, 11} else RefusedError
    with pytest.raises(kind):
        RtuExchange(request).feed(framed(bytes([7, 0x84, code])))
    with pytest.raises(kind):
        decode_pdu(request, bytes([0x84, code]))


def test_babble_ends() -> None:
    """A unit's address for ever is not kept for ever."""
    request = Request(unit=7, function=Function.READ_HOLDING, address=0, count=125)
    exchange = RtuExchange(request)
    for _ in range(40):
        assert exchange.feed(bytes([7, 3, 250, 7])) is None
    with pytest.raises(GarbledAnswerError):
        exchange.feed(bytes([7, 3, 250]) * 200)


@given(st.lists(st.tuples(requests(), st.integers(0, 0xFFFF), st.binary(min_size=1))), st.data())
def test_a_tcp_stream_is_taken_apart_wherever_it_is_cut(
    asked: list[tuple[Request, int, bytes]], draw: st.DataObject
) -> None:
    """Each frame comes out once, with its number and unit."""
    expected, stream = [], b""
    for request, number, data in asked:
        pdu, said = answer_to(request, data)
        stream += number.to_bytes(2) + bytes(2) + (len(pdu) + 1).to_bytes(2)
        stream += bytes([request.unit]) + pdu
        expected.append((number, request.unit, said))
        assert mbap_frame(request, number)[:2] == number.to_bytes(2)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    mbap = MbapStream()
    found = [
        frame for a, b in pairwise([0, *cuts, len(stream)]) for frame in mbap.feed(stream[a:b])
    ]
    answers = [
        (number, unit, decode_pdu(request, pdu))
        for (number, unit, pdu), (request, _, _) in zip(found, asked, strict=True)
    ]
    assert answers == expected


@pytest.mark.parametrize(
    "stream",
    ["0001 0001 0006 01 03", "0001 0000 0000 01", "0001 0000 ffff 01", "0001 0000 0002 01"],
)
def test_what_is_no_modbus_tcp_says_so(stream: str) -> None:
    """Another protocol number, an impossible length: the connection cannot be trusted any more."""
    with pytest.raises(ValueError, match="not Modbus TCP"):
        list(MbapStream().feed(bytes.fromhex(stream.replace(" ", "")) + b"\0"))

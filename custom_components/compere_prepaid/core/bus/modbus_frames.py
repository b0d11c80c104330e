"""Modbus as bytes: PDUs, RTU frames with their checksum, and MBAP frames of Modbus TCP.

After the Modbus Application Protocol V1.1b3 (section 6, PDUs), Modbus over Serial Line V1.02
(section 2.5.1, RTU frames; section 6.2.2, CRC), and the Modbus Messaging Implementation Guide V1.0b
(section 3.1.3, MBAP).

An answer is only taken where everything fits: unit, function, byte count, the address and value
that a write repeats, and the checksum. What does not fit is skipped: it may be an echo of the own
question, noise, or somebody's late answer, and the right one may follow.
"""

from collections.abc import Iterator
import struct
from typing import override

from .exchange import Exchange
from .requests import (
    BusError,
    Function,
    GarbledAnswerError,
    NoAnswerError,
    RefusedError,
    Request,
)

LONGEST_FRAME = 260
"""Nothing on Modbus is longer (MBAP header and the longest PDU); more than two of it is babble."""

_ERROR_BIT = 0x80
_GATEWAY_CODES = frozenset({10, 11})
"""Gateway path unavailable, target device failed to respond: the gateway speaks, not the meter."""
_RTU_REFUSAL_LENGTH = 5
_MBAP = struct.Struct(">HHHB")


def _crc_table() -> Iterator[int]:
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
        yield crc


_CRC = tuple(_crc_table())


def crc16(frame: bytes | bytearray | memoryview) -> int:
    """Return the checksum of an RTU frame; it is sent low byte first."""
    crc, table = 0xFFFF, _CRC
    for byte in frame:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc


def encode_pdu(request: Request) -> bytes:
    """Return a request without address and checksum."""
    function, address = request.function, request.address
    if function is Function.WRITE_COIL:
        return struct.pack(">BHH", function, address, 0xFF00 if request.values[0] else 0)
    if function is Function.WRITE_REGISTER:
        return struct.pack(">BHH", function, address, request.values[0])
    if function is Function.WRITE_REGISTERS:
        count = request.count
        return struct.pack(f">BHHB{count}H", function, address, count, 2 * count, *request.values)
    return struct.pack(">BHH", function, address, request.count)


def answer_pdu_length(request: Request) -> int:
    """Return how long the usual answer is, without address and checksum."""
    return 5 if request.is_write else 2 + _data_bytes(request)


def decode_pdu(request: Request, pdu: bytes) -> tuple[int, ...] | None:
    """Return the answer that a PDU of the right length carries; None if it is not this request's.

    Raises `RefusedError`, or `NoAnswerError` when a gateway speaks for a silent meter.
    """
    if len(pdu) == 2 and pdu[0] == request.function | _ERROR_BIT:  # function, code
        raise _refusal(request, pdu[1])
    if len(pdu) != answer_pdu_length(request) or pdu[0] != request.function:
        return None
    if request.is_write:
        return request.values if pdu == encode_pdu(request)[:5] else None
    if pdu[1] != _data_bytes(request):
        return None
    if request.function.is_bits:
        bits = int.from_bytes(pdu[2:], "little")
        return tuple(bits >> place & 1 for place in range(request.count))
    return struct.unpack_from(f">{request.count}H", pdu, 2)


def _data_bytes(request: Request) -> int:
    return (request.count + 7) // 8 if request.function.is_bits else 2 * request.count


def _refusal(request: Request, code: int) -> BusError:
    if code in _GATEWAY_CODES:
        return NoAnswerError(request.unit, gateway_answered=True)
    return RefusedError(request.unit, code)


class RtuExchange(Exchange):
    """A transaction in RTU frames, on a serial line or through a transparent serial server."""

    def __init__(self, request: Request) -> None:
        """Frame a request."""
        body = bytes((request.unit,)) + encode_pdu(request)
        self._request = request
        self._frame = body + crc16(body).to_bytes(2, "little")
        self._expected = answer_pdu_length(request) + 3
        self._received = bytearray()

    @property
    @override
    def frame(self) -> bytes:
        return self._frame

    @property
    @override
    def expected(self) -> int:
        return self._expected

    @override
    def feed(self, data: bytes) -> tuple[int, ...] | None:
        received = self._received
        received += data
        while (start := received.find(self._request.unit)) >= 0:
            del received[:start]
            length = self._length()
            if length is None or len(received) < length:
                break
            if length:
                if crc16(memoryview(received)[:length]):
                    raise GarbledAnswerError(self._request.unit, "checksum")
                answer = decode_pdu(self._request, bytes(received[1 : length - 2]))
                if answer is not None:
                    received.clear()
                    return answer
            del received[:1]
        else:
            received.clear()
        if len(received) > 2 * LONGEST_FRAME:
            raise GarbledAnswerError(self._request.unit, "babble")
        return None

    def _length(self) -> int | None:
        """Return how long a frame that begins here is: 0 if none can, None if that is not clear."""
        received, request = self._received, self._request
        if len(received) < 2:  # unit and function
            return None
        if received[1] == request.function | _ERROR_BIT:
            return _RTU_REFUSAL_LENGTH
        if received[1] != request.function:
            return 0
        if request.is_write:
            return self._expected
        if len(received) < 3:  # and the byte count
            return None
        return self._expected if received[2] == _data_bytes(request) else 0


def mbap_frame(request: Request, transaction: int) -> bytes:
    """Return a request as Modbus TCP sends it, under a transaction number of 16 bits."""
    pdu = encode_pdu(request)
    return _MBAP.pack(transaction, 0, len(pdu) + 1, request.unit) + pdu


class MbapStream:
    """Takes a Modbus TCP byte stream apart: transaction number, unit, PDU."""

    def __init__(self) -> None:
        """Begin with a fresh connection."""
        self._received = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Yield each whole frame as (transaction, unit, PDU).

        Raises `ValueError` when the stream cannot be Modbus TCP: where its next frame begins is
        not known any more, so the connection is of no use.
        """
        received = self._received
        received += data
        while len(received) >= _MBAP.size:
            transaction, protocol, length, unit = _MBAP.unpack_from(received)
            if protocol or not 3 <= length <= LONGEST_FRAME - 6:  # a refusal's
                raise ValueError("not Modbus TCP: is it a transparent serial server?")
            end = length + 6
            if len(received) < end:
                return
            pdu = bytes(received[_MBAP.size : end])
            del received[:end]
            yield transaction, unit, pdu

"""Fuzz target: RTU and Modbus TCP frames, and what registers mean by every profile that we ship.

The first bytes choose a request and where the rest is cut; the rest is what the line brings.
"""

import tests.proof.without_home_assistant  # noqa: F401, I001  -- must come first

from contextlib import suppress
import sys

import atheris

with atheris.instrument_imports(include=["custom_components.compere_prepaid.core"]):
    from custom_components.compere_prepaid.core.bus.modbus_frames import (
        MbapStream,
        RtuExchange,
        decode_pdu,
    )
    from custom_components.compere_prepaid.core.bus.requests import (
        BusError,
        Function,
        Request,
    )
    from custom_components.compere_prepaid.core.meters.decode import (
        LARGEST,
        Encoding,
        Unit,
        WordOrder,
        decode_number,
        decode_text,
    )

FUNCTIONS, ENCODINGS, UNITS = list(Function), list(Encoding), list(Unit)


def one_input(data: bytes) -> None:
    """Feed one input to each decoder."""
    provider = atheris.FuzzedDataProvider(data)
    request = _request(provider)
    cut = provider.ConsumeIntInRange(0, 64)
    wire = provider.ConsumeBytes(sys.maxsize)
    exchange = RtuExchange(request)
    with suppress(BusError):
        for piece in (wire[:cut], wire[cut:]):
            _check(request, exchange.feed(piece))
    stream = MbapStream()
    with suppress(ValueError, BusError):
        for piece in (wire[:cut], wire[cut:]):
            for _, _, pdu in stream.feed(piece):
                _check(request, decode_pdu(request, pdu))
    _registers(wire)


def _request(provider: atheris.FuzzedDataProvider) -> Request:
    function = FUNCTIONS[provider.ConsumeIntInRange(0, len(FUNCTIONS) - 1)]
    single = function in (Function.WRITE_COIL, Function.WRITE_REGISTER)
    count = 1 if single else provider.ConsumeIntInRange(1, 123)
    value = provider.ConsumeIntInRange(0, 1 if function.is_bits else 0xFFFF)
    return Request(
        unit=provider.ConsumeIntInRange(1, 247),
        function=function,
        address=provider.ConsumeIntInRange(0, 0xFFFF - count),
        count=count,
        values=(value,) * count if function.is_write else (),
    )


def _check(request: Request, answer: tuple[int, ...] | None) -> None:
    if answer is not None and not request.is_answered_by(answer):
        raise AssertionError(f"{answer} answers {request}")


def _registers(wire: bytes) -> None:
    words = [int.from_bytes(wire[place : place + 2]) for place in range(0, len(wire) & ~1, 2)]
    for encoding in ENCODINGS:
        for order in WordOrder:
            for unit in UNITS:
                taken = words[: encoding.registers]
                if len(taken) < encoding.registers:
                    continue
                number = decode_number(taken, encoding, order, unit)
                if number is not None and abs(number) > LARGEST:
                    raise AssertionError(f"{number} of {taken}")
    text = decode_text(words, 13)
    if text is not None and not (text.isascii() and text.isprintable()):
        raise AssertionError(repr(text))


def main() -> None:
    """Run with libFuzzer's options."""
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

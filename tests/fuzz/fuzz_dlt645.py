"""Arbitrary bytes, in arbitrary pieces, to everything that reads DL/T 645.

An exchange answers, waits, or raises our errors, and all of that does not depend on the pieces;
numbers, states and digits are what they can be, or absent. Run by `test_fuzz`, or by hand with
libFuzzer's options.
"""

import tests.proof.without_home_assistant  # noqa: F401, I001  -- must come first

import sys

import atheris

with atheris.instrument_imports(include=["custom_components.compere_prepaid.core"]):
    from custom_components.compere_prepaid.core.bus.dlt645 import Control, Dlt645Request
    from custom_components.compere_prepaid.core.bus.requests import BusError
    from custom_components.compere_prepaid.core.meters.decode import Unit
    from custom_components.compere_prepaid.core.meters.dlt645_numbers import (
        NumberForm,
        RunStatus,
        decode_digits,
    )

DIGITS = "201000000012"
REQUESTS = (
    Dlt645Request.read_address(),
    Dlt645Request.read(DIGITS, 0x0001FF00, expects=20),
    Dlt645Request.read_next(DIGITS, 0x0001FF00, 1, expects=20),
    Dlt645Request(unit=DIGITS, control=Control.SWITCH, data=bytes(16), expects=0),
)
ENERGY = NumberForm.parse("XXXXXX.XX")
POWER = NumberForm.parse("XX.XXXX", is_signed=True)


def outcome_of(request: Dlt645Request, pieces: list[bytes]) -> tuple[int, ...] | str | None:
    """Return what an exchange makes of these pieces: an answer, our error, or nothing yet."""
    exchange = request.exchange()
    try:
        for piece in pieces:
            if (answer := exchange.feed(piece)) is not None:
                return answer
    except BusError as error:
        return str(error)
    return None


def test_one_input(data: bytes) -> None:
    """Read one input: a request, then bytes in pieces, each begun by its length."""
    if not data:
        return
    request = REQUESTS[data[0] % len(REQUESTS)]
    rest, pieces = data[1:], list[bytes]()
    while rest:
        length = rest[0]
        pieces.append(rest[1 : 1 + length])
        rest = rest[1 + length :]
    whole = b"".join(pieces)
    outcome = outcome_of(request, pieces)
    assert outcome == outcome_of(request, [whole])
    assert outcome == outcome_of(request, [bytes((byte,)) for byte in whole])
    if isinstance(outcome, tuple):
        assert request.is_answered_by(outcome)
        whole = bytes(outcome)
    for form, unit, largest in (
        (ENERGY, Unit.KILO_WATT_HOUR, 10**9),
        (POWER, Unit.KILO_WATT, 10**8),
    ):
        for start in range(max(1, len(whole) - form.size)):
            number = form.decode(whole[start : start + form.size], unit)
            assert number is None or abs(number) < largest
    status, digits = RunStatus.decode(whole[:2]), decode_digits(whole[:6])
    assert status is None or isinstance(status.relay_closed, bool)
    assert digits is None or (digits.isdecimal() and int(digits))


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()

"""Where a meter answers: a Modbus unit, or the digits and letters of protocols that have more."""

_LAST_UNIT = 247
_DIGITS = 12


def kept_address(written: int | str) -> int | str:
    """Return an address in the one form in which it is kept, however somebody wrote it.

    Numbers up to 247 are Modbus units; other digits are filled up to twelve, as on the label of a
    DL/T 645 meter; anything else stays as it is. Whether a model can have it, `check_place` tells.
    """
    text = str(written).strip()
    if not text.isascii() or not text.isdecimal() or len(text) > _DIGITS:
        return text
    return int(text) if int(text) <= _LAST_UNIT else text.zfill(_DIGITS)

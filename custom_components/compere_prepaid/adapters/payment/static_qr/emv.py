"""Codes that banks' apps scan: EMVCo's merchant-presented QR, as text.

A code is a chain of objects: two digits that name it, two digits of length, the value, which may be
such a chain itself. The last object (63) is a checksum over everything before it, including its own
name and length: CRC-16/CCITT-FALSE in upper-case hexadecimal (EMVCo QR Code Specification for
Payment Systems, Merchant-Presented Mode, 1.1).
"""

import binascii
from collections.abc import Sequence

type Fields = Sequence[tuple[str, str]]
"""Objects by name, in their order."""

LONGEST = 99
"""Characters of a value."""

_CHECKSUM = "6304"


def chain(fields: Fields) -> str:
    """Return objects as text; raises `ValueError` for a name or value that cannot stand there."""
    parts = []
    for name, value in fields:
        if len(name) != 2 or not name.isascii() or not name.isdigit():
            raise ValueError(f"{name!r} names no object")
        if not 0 < len(value) <= LONGEST or not value.isascii() or not value.isprintable():
            raise ValueError(f"{value!r} is no value of object {name}")
        parts.append(f"{name}{len(value):02}{value}")
    return "".join(parts)


def objects(text: str) -> list[tuple[str, str]]:
    """Return the objects of a chain; raises `ValueError` if it is none."""
    found = []
    while text:
        name, length, rest = text[:2], text[2:4], text[4:]
        if not (length.isascii() and length.isdigit() and 0 < int(length) <= len(rest)):
            raise ValueError("a chain that is cut off")
        found.append((name, rest[: int(length)]))
        text = rest[int(length) :]
    chain(found)  # what could not be written is not read either
    return found


def code(fields: Fields) -> str:
    """Return a whole code, its checksum last; raises `ValueError` as `chain`."""
    body = chain(fields) + _CHECKSUM
    return body + checksum(body)


def read_code(text: str) -> list[tuple[str, str]]:
    """Return the objects of a code without its checksum; raises `ValueError` if it is damaged."""
    body, found = text[:-4], text[-4:]
    if not text.isascii() or not body.endswith(_CHECKSUM) or checksum(body) != found.upper():
        raise ValueError("the checksum does not fit")
    return objects(body.removesuffix(_CHECKSUM))


def checksum(body: str) -> str:
    """Return the checksum of a text (`29B1` of `123456789`)."""
    return f"{binascii.crc_hqx(body.encode('ascii'), 0xFFFF):04X}"

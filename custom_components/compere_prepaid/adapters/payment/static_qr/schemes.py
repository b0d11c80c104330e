"""PayNow in Singapore and DuitNow in Malaysia: whom a code pays, and what is written into it.

A PayNow code can be made by anybody who has a UEN or a mobile number at a bank. A DuitNow code is
issued by the acquiring bank; what it says is taken over, with an amount and a reference put in.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
import re
from typing import Protocol, Self
from zoneinfo import ZoneInfo

from ....core.errors import InvalidInputError
from ....core.payment.confirming import reference_of
from .emv import Fields, chain, code, objects, read_code

AMOUNT, ADDITIONAL = "54", "62"
_REFERENCE = "01"
"""The bill number, within the additional data."""

_UEN = re.compile(r"[0-9A-Z]{9,13}")
_MOBILE = re.compile(r"\+65[0-9]{8}")
_NAME = re.compile(r"[ -~]{1,25}")
_DUITNOW = "A000000615"
"""Begins the identifier of DuitNow's applications."""
_ANY_ORDER = "0" * 26
_ISSUED_BY_BANK = range(26, 52)
"""The names of objects that say which merchant is paid."""


class Scheme(Protocol):
    """How one country's codes are written."""

    @property
    def currency(self) -> str:
        """The only currency that it knows."""
        ...

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its banks' days."""
        ...

    def text(self, amount: Decimal, reference: str, until: datetime) -> str:
        """Return the code that pays this amount with this reference."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PayNowSettings:
    """Who is paid by PayNow: a UEN, or a mobile number with +65. Build it with `of`."""

    proxy: str
    name: str

    currency = "SGD"
    zone = ZoneInfo("Asia/Singapore")

    @classmethod
    def of(cls, proxy: str, name: str) -> Self:
        """Return settings as they were typed.

        Raises `InvalidInputError`: `paynow_proxy_wrong`, `qr_name_wrong`.
        """
        proxy, name = "".join(proxy.split()).upper(), " ".join(name.split())
        if not (_UEN.fullmatch(proxy) or _MOBILE.fullmatch(proxy)):
            raise InvalidInputError("paynow_proxy_wrong", proxy=proxy[:40])
        if not _NAME.fullmatch(name):
            raise InvalidInputError("qr_name_wrong", name=name[:40])
        return cls(proxy=proxy, name=name)

    def text(self, amount: Decimal, reference: str, until: datetime) -> str:
        """Return a code whose amount cannot be changed, good until the end of a day."""
        payee = chain(
            (
                ("00", "SG.PAYNOW"),
                ("01", "0" if self.proxy.startswith("+") else "2"),
                ("02", self.proxy),
                ("03", "0"),
                ("04", until.astimezone(self.zone).strftime("%Y%m%d")),
            )
        )
        return code(
            (
                ("00", "01"),
                ("01", "12"),
                ("26", payee),
                ("52", "0000"),
                ("53", "702"),
                (AMOUNT, f"{amount:f}"),
                ("58", "SG"),
                ("59", self.name),
                ("60", "Singapore"),
                (ADDITIONAL, chain(((_REFERENCE, reference),))),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DuitNowSettings:
    """Who is paid by DuitNow: the objects of the code that the bank issued. Build it with `of`."""

    issued: Fields

    currency = "MYR"
    zone = ZoneInfo("Asia/Kuala_Lumpur")

    @classmethod
    def of(cls, issued_code: str) -> Self:
        """Return settings from the text of the bank's code, as a scanner shows it.

        Raises `InvalidInputError`: `duitnow_code_damaged`, `duitnow_code_other` (another kind of
        code, another currency, or no room for a reference).
        """
        try:
            found = read_code(issued_code.strip())
            payees = [
                dict(objects(value)).get("00", "")
                for name, value in found
                if int(name) in _ISSUED_BY_BANK
            ]
        except ValueError as error:
            raise InvalidInputError("duitnow_code_damaged") from error
        is_ours = any(payee.startswith(_DUITNOW) for payee in payees)
        if not is_ours or dict(found).get("53") != "458":
            raise InvalidInputError("duitnow_code_other")
        settings = cls(issued=tuple(found))
        try:
            settings._text(Decimal(1), reference_of(_ANY_ORDER))
        except ValueError as error:
            raise InvalidInputError("duitnow_code_other") from error
        return settings

    def text(self, amount: Decimal, reference: str, until: datetime) -> str:
        """Return the bank's code with an amount and a reference; DuitNow knows no end for it."""
        return self._text(amount, reference)

    def _text(self, amount: Decimal, reference: str) -> str:
        """Return it; raises `ValueError` if the bank's own additional data leave no room."""
        fields = dict(self.issued)
        additional = dict(objects(fields.get(ADDITIONAL, ""))) | {_REFERENCE: reference}
        fields |= {AMOUNT: f"{amount:f}", ADDITIONAL: chain(sorted(additional.items()))}
        # signatures of the bank's own dynamic codes (80 and above) would speak of another amount
        return code(sorted((name, value) for name, value in fields.items() if name < "80"))

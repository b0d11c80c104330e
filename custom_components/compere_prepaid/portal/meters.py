"""The meters that tenants may ask for, and how little a stranger sees of them."""

from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.access.meter_reference import reference_of, serial_of
from ..core.errors import InvalidInputError
from ..core.ids import AccountNumber, MeterSerial
from ..core.prepayment.state import AccountState

if TYPE_CHECKING:
    from ..site import CompereSite

SHOWN = 4
"""Characters of a serial number that are shown."""


class Found(NamedTuple):
    """A meter, and the account that it supplies."""

    meter: MeterSerial
    account: AccountNumber


def find_meter(site: CompereSite, reference: str) -> Found | None:
    """Return the meter that a typed reference means, if it supplies a tenant."""
    try:
        serial = serial_of(reference)
    except InvalidInputError:
        return None
    return next(
        (
            Found(meter, account.number)
            for meter in (serial, MeterSerial(serial.upper()))
            if (account := account_behind(site, meter)) is not None
        ),
        None,
    )


def account_behind(site: CompereSite, meter: MeterSerial) -> AccountState | None:
    """Return the open account of a tenant that a meter supplies, if it does."""
    state = site.book.meters.get(meter)
    if state is None or state.account is None:
        return None
    account = site.book.accounts.get(state.account)
    return account if account is not None and account.is_open and not account.owner else None


def shown_meter(site: CompereSite, meter: MeterSerial, account: AccountState) -> dict[str, Any]:
    """Return what a stranger sees of a meter: enough to know that it is the right one."""
    return {
        "reference": reference_of(meter),
        "shown": f"…{meter[-SHOWN:]}",
        "shop": masked(account.name),
    }


def masked(name: str) -> str:
    """Return the beginnings of a name's words: `Noodle House` becomes `No**** Ho***`."""
    return " ".join(_masked_word(word) for word in name.split()) or "*"


def _masked_word(word: str) -> str:
    kept = 2 if word.isascii() and len(word) > 3 else 1  # a short word's half
    return word[:kept] + "*" * min(max(1, len(word) - kept), 6)

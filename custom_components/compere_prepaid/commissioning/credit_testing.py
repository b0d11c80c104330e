"""The test of a meter's stored credit in a running site, and whether it was ever passed."""

from typing import TYPE_CHECKING

from ..const import CONF_BACKSTOP
from ..core.commissioning.credit_test import CreditTest, Writing, try_stored_credit
from ..core.errors import InvalidInputError
from ..core.ids import MeterSerial
from ..core.meters.stored_credit import stored_credit_of
from .checking import runtime_of
from .records import Record, RecordKind, async_keep, async_latest

if TYPE_CHECKING:
    from ..site import CompereSite


async def async_test_stored_credit(
    site: CompereSite, serial: MeterSerial, user: str, *, consent: bool
) -> tuple[CreditTest, Record]:
    """Find out what writing a meter's stored credit means; keep the result by serial number.

    Raises `InvalidInputError` (`stored_credit_missing`, `credit_test_tenant` where a tenant is
    supplied and nobody agreed, `backstop_in_use`), `OtherMeterError`, and `BusError` where the
    meter cannot be read: then nothing was written.
    """
    runtime = runtime_of(site, serial)
    register = stored_credit_of(runtime.device)
    account = site.book.meter(serial).account
    if account is not None and not site.book.account(account).owner and not consent:
        raise InvalidInputError("credit_test_tenant", meter=serial, account=account)
    if runtime.data.get(CONF_BACKSTOP):
        raise InvalidInputError("backstop_in_use", meter=serial)
    await runtime.bus.poller.read_now(serial)  # it proves who it is
    test = await try_stored_credit(register)
    found = {
        "writing": test.writing.value,
        "readings_wh": list(test.readings),
        "restored": test.restored,
    }
    site.backstop.forget_proof(serial)
    return test, await async_keep(site, RecordKind.STORED_CREDIT, serial, user, found)


async def async_is_proved(site: CompereSite, serial: MeterSerial) -> bool:
    """Tell whether writing this meter's stored credit was proved to set it."""
    record = await async_latest(site, RecordKind.STORED_CREDIT, serial)
    return record is not None and record["writing"] == Writing.SETS

"""Tenants move in and out of a running site: the ledger first, then the site's configuration.

The ledger decides. If Home Assistant ends between the two steps of a move in, the same move can be
asked for again; one out is completed at the next start, because an account that is closed in the
ledger is taken off the site.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigSubentry

from .account_view import exact_text, local_iso
from .action_errors import in_words
from .const import (
    CONF_METERS,
    CONF_NAME,
    CONF_NUMBER,
    CONF_OPENING_BALANCE,
    CONF_POLICY,
    CONF_TARIFF,
    MAX_NUMBER,
    SUBENTRY_ACCOUNT,
    account_unique_id,
)
from .core.errors import InvalidInputError, OperationFailedError, PrepaidError
from .core.ids import AccountNumber, MeterSerial
from .core.ledger.account_rows import Supply
from .core.ledger.ports import LedgerTransaction
from .core.money.amount import Amount
from .core.prepayment.state import AccountSetup
from .core.tenancy.moves import MovedAway

if TYPE_CHECKING:
    from .site import CompereSite

RECENT = timedelta(hours=1)
"""So old may a last reading be that has to do for a final one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveIn:
    """Who moves in where, and on what terms."""

    number: str
    name: str
    meters: Sequence[str]
    tariff: str
    policy: str
    opening_balance: Amount
    deposit: Amount
    """Zero if none is taken."""
    deposit_reference: str
    user: str


async def move_in(site: CompereSite, wanted: MoveIn) -> dict[str, Any]:
    """Open an account for a new tenant whose meters are read at this moment.

    Raises `InvalidInputError`: `number_invalid`, `name_missing`, `number_in_use`, `account_closed`
    (with a number that is free), `meters_missing`, `meter_unknown`, `meter_taken`,
    `tariff_unknown`, `tariff_not_in_force`, `policy_unknown`, `reading_not_believed`; and what
    keeps a meter from being read.
    """
    async with site.importing:
        number = await _free_number(site, wanted.number, wanted.name)
        meters = _free_meters(site, wanted.meters)
        site.book.tariff(wanted.tariff)
        site.book.policy(wanted.policy)
        if site.ledger.refusal is not None:
            raise site.ledger.refusal
        for serial in meters:
            await _read(site, serial)
        setup = AccountSetup(
            number=number,
            name=wanted.name.strip(),
            tariff=wanted.tariff,
            policy=wanted.policy,
            opening_balance=wanted.opening_balance,
        )
        await site.opening.open_account(setup, wanted.user)
        subentry = _subentry(site, setup, meters)
        site.hass.config_entries.async_add_subentry(site.entry, subentry)
        await site.async_apply_subentries()
        for serial in meters:
            if site.book.meter(serial).mark is None:
                with suppress(PrepaidError):  # its next reading will do
                    await _read(site, serial)
        if wanted.deposit:
            await site.refunds.take_deposit(
                number, wanted.deposit, reference=wanted.deposit_reference, user=wanted.user
            )
    return {"number": number, "meters": await _supplied_from(site, number, meters)}


async def move_out(
    site: CompereSite,
    number: str,
    *,
    user: str,
    reason: str,
    carry_to: str | None,
    use_last_reading: bool,
) -> MovedAway:
    """End a tenancy at readings of this moment, and take the account off the site.

    With `use_last_reading` a meter that does not answer is settled by its last believed reading if
    that is not older than an hour. Raises what `Moves.move_out` raises, and
    `OperationFailedError` (`move_out_unread`).
    """
    async with site.importing:
        account = site.book.account(number)
        for serial in list(account.meters):
            try:
                await site.meters[serial].bus.poller.read_now(serial)
            except PrepaidError as error:
                if not use_last_reading:
                    why = in_words(site.hass, error)
                    raise OperationFailedError(
                        "move_out_unread", meter=serial, error=why
                    ) from error
        moved = await site.moves.move_out(
            number,
            user=user,
            reason=reason,
            carry_to=carry_to,
            oldest=RECENT if use_last_reading else None,
        )
        runtime = site.accounts.get(account.number)
        if runtime is not None:
            site.hass.config_entries.async_remove_subentry(site.entry, runtime.subentry_id)
        await site.async_apply_subentries()
    return moved


async def _free_number(site: CompereSite, written: str, name: str) -> AccountNumber:
    """Return the number of a new account, if it can have it."""
    number = AccountNumber(written.strip())
    if not 1 <= len(number) <= MAX_NUMBER or ":" in number:
        raise InvalidInputError("number_invalid", number=number, longest=MAX_NUMBER)
    if not name.strip():
        raise InvalidInputError("name_missing")
    for other in site.entry.get_subentries_of_type(SUBENTRY_ACCOUNT):
        if other.data[CONF_NUMBER].casefold() == number.casefold():
            raise InvalidInputError("number_in_use", number=number, name=other.data[CONF_NAME])
    await site.opening.refuse_closed(number)
    return number


def _free_meters(site: CompereSite, written: Sequence[str]) -> list[MeterSerial]:
    """Return the meters of a new account, if nobody but the owner has them."""
    meters = [site.book.meter(serial).serial for serial in dict.fromkeys(written)]
    if not meters:
        raise InvalidInputError("meters_missing")
    for other in site.entry.get_subentries_of_type(SUBENTRY_ACCOUNT):
        for serial in meters:
            if serial in other.data[CONF_METERS]:
                raise InvalidInputError(
                    "meter_taken", meter=serial, account=other.data[CONF_NUMBER]
                )
    return meters


async def _read(site: CompereSite, serial: MeterSerial) -> None:
    """Read a meter; raises what keeps it from being read or believed."""
    await site.meters[serial].bus.poller.read_now(serial)
    if (doubt := site.book.meter(serial).suspicion) is not None:
        raise InvalidInputError("reading_not_believed", meter=serial, doubt=doubt)


def _subentry(
    site: CompereSite, setup: AccountSetup, meters: Sequence[MeterSerial]
) -> ConfigSubentry:
    return ConfigSubentry(
        data=MappingProxyType(
            {
                CONF_NUMBER: setup.number,
                CONF_NAME: setup.name,
                CONF_METERS: list(meters),
                CONF_TARIFF: setup.tariff,
                CONF_POLICY: setup.policy,
                CONF_OPENING_BALANCE: f"{site.currency.exact(setup.opening_balance):f}",
            }
        ),
        subentry_type=SUBENTRY_ACCOUNT,
        title=f"{setup.number} {setup.name}",
        unique_id=account_unique_id(setup.number),
    )


async def _supplied_from(
    site: CompereSite, number: AccountNumber, meters: Sequence[MeterSerial]
) -> dict[str, Any]:
    """Return from which readings on meters count for an account; None before the first."""

    def read(tx: LedgerTransaction) -> dict[MeterSerial, Supply | None]:
        return {
            serial: next(
                (
                    supply
                    for supply in tx.rows(Supply, meter=serial, account=number)
                    if supply.to_at is None
                ),
                None,
            )
            for serial in meters
        }

    return {
        serial: {
            "from_wh": None if supply is None else supply.from_wh,
            "read_at": None if supply is None else local_iso(site, supply.from_at),
        }
        for serial, supply in (await site.ledger.read(read)).items()
    }


def moved_away_data(site: CompereSite, moved: MovedAway) -> dict[str, Any]:
    """Return what became of a tenancy's money."""
    return {
        "refunded": exact_text(site.currency, moved.refunded),
        "carried_over": exact_text(site.currency, moved.carried_over),
        "owed": exact_text(site.currency, moved.owed),
    }

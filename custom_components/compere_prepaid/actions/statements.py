"""Statements: what an account was charged and paid, line by line."""

from collections.abc import Iterable
from datetime import datetime, timedelta
import json
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
import probatio as vol

from ..action_targets import accounts_meant
from ..authority import Duty, async_require_manager, user_name
from ..core.errors import InvalidInputError
from ..core.ids import AccountNumber
from ..core.ledger.account_rows import (
    IssuedStatement,
    Tenancy,
)
from ..core.ledger.ports import LedgerTransaction
from ..core.statement.data import statement_data
from ..core.statement.statement import make_statement
from ..site import CompereSite
from .fields import ACCOUNTS, ONE_ACCOUNT, WRITTEN, Action, moment_of, per_account

_INSTANT = timedelta(microseconds=1)


async def _get_statement(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Answer with an issued statement, one of any time, or what came since the last issued one."""
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    number = AccountNumber(call.data["account"])
    since, until = moment_of(site, call, "since"), moment_of(site, call, "until")
    if (issued := call.data.get("number")) is not None:
        row = await site.ledger.read(lambda tx: _issued(tx, number, issued))
        data = _data_of(row)
    else:
        if until is None and number in site.book.accounts and site.ledger.refusal is None:
            await site.book.settle_many([number], "statement")
        data = await site.ledger.read(lambda tx: _statement(site, tx, number, since, until))
    return data | {"users": await _names(hass, data)}


async def _issue_statement(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Issue statements, of several accounts in one transaction."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    issued = await site.moves.issue_statements(accounts_meant(hass, site, call.data), user)
    return per_account({number: _data_of(row) for number, row in issued.items()})


def _data_of(row: IssuedStatement) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(row.content)
    return {"number": row.number, **content}


def _issued(tx: LedgerTransaction, number: AccountNumber, place: int) -> IssuedStatement:
    row = tx.find(IssuedStatement, account=number, number=place)
    if row is None:
        last = len(tx.rows(IssuedStatement, account=number))
        raise InvalidInputError("statement_unknown", account=number, number=place, last=last)
    return row


def _statement(
    site: CompereSite,
    tx: LedgerTransaction,
    number: AccountNumber,
    since: datetime | None,
    until: datetime | None,
) -> dict[str, Any]:
    """Return the statement of a time; without one, of all that was booked since the last."""
    tenancy = tx.find(Tenancy, account=number)
    if tenancy is None:
        raise InvalidInputError("account_unknown", account=number)
    issued = tx.rows(IssuedStatement, account=number)
    previous = issued[-1] if issued and since is None and until is None else None
    begin = since or (previous.until if previous else tenancy.opened_at)
    end = until or max(site.clock.now(), begin) + _INSTANT
    if end <= begin:
        raise InvalidInputError("time_order")
    statement = make_statement(
        tx, tenancy, begin, end, currency=site.currency, zone=site.zone, previous=previous
    )
    return statement_data(statement, site.currency, site.zone)


async def _names(hass: HomeAssistant, data: dict[str, Any]) -> dict[str, str]:
    """Return the names of the users that a statement mentions."""
    users: Iterable[str] = {
        line["user"] for part in data["funds"].values() for line in part["lines"] if "user" in line
    }
    return {user: await user_name(hass, user) for user in sorted(users)}


ACTIONS = {
    "get_statement": Action(
        _get_statement,
        {
            **ONE_ACCOUNT,
            vol.Optional("number"): vol.All(vol.Coerce(int), vol.Range(min=1)),
            vol.Optional("since"): WRITTEN,
            vol.Optional("until"): WRITTEN,
        },
        SupportsResponse.ONLY,
    ),
    "issue_statement": Action(_issue_statement, ACCOUNTS),
}

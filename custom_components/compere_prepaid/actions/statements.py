"""Statements: what an account was charged and paid, line by line."""

from collections.abc import Iterable
from datetime import date, datetime
import json
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
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
from ..core.statement.chain import standing
from ..core.statement.comparing import month_time
from ..core.statement.data import statement_data
from ..core.statement.issuing import Asked, just_after, next_span, of_month, statement_maker
from ..core.statement.statement import Span
from ..site import CompereSite
from .fields import ACCOUNTS, ONE_ACCOUNT, WRITTEN, Action, moment_of, month_of, per_account
from .statement_papers import PAPER, async_papers, issued_row, wants_paper


async def _get_statement(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Answer with an issued statement, one of any time, or what came since the last issued one."""
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    number = AccountNumber(call.data["account"])
    since, until = moment_of(site, call, "since"), moment_of(site, call, "until")
    month = month_of(call, "month")
    if (issued := call.data.get("number")) is not None:
        data = await site.ledger.read(lambda tx: _data_of(issued_row(tx, number, issued)))
    else:
        if until is None and number in site.book.accounts and site.ledger.refusal is None:
            await site.book.settle_many([number], "statement")
        data = await site.ledger.read(lambda tx: _statement(site, tx, number, since, until, month))
    return data | {"users": await _names(hass, data)}


async def _issue_statement(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Issue statements, some accounts at a time; print them as they come, then send them."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    asked = Asked(month=month_of(call, "month"), correct=call.data["correct"])
    if asked.correct and asked.month is None:
        raise InvalidInputError("month_wrong", month="")
    accounts = accounts_meant(hass, site, call.data)
    if wants_paper(call):
        groups = await site.moves.issuing(accounts, user, asked)
        return await async_papers(site, groups, len(accounts), call)
    issued = await site.moves.issue_statements(accounts, user, asked)
    if not call.return_response:
        return {}
    return await hass.async_add_executor_job(
        lambda: per_account({number: _data_of(row) for number, row in issued.items()})
    )


def _data_of(row: IssuedStatement) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(row.content)
    return {"number": row.number, **content}


def _statement(
    site: CompereSite,
    tx: LedgerTransaction,
    number: AccountNumber,
    since: datetime | None,
    until: datetime | None,
    month: date | None,
) -> dict[str, Any]:
    """Return the statement of a time; without one, of all that was booked since the last.

    That of a month is the one that was issued, if there is one.
    """
    tenancy = tx.find(Tenancy, account=number)
    if tenancy is None:
        raise InvalidInputError("account_unknown", account=number)
    if month is not None:
        if (found := of_month(tx, number, month, site.zone)) is not None:
            return _data_of(found.row)
        begin, end = month_time(month, site.zone)
        span = Span(since=begin, until=end, period=month)
    elif since is None and until is None:
        last = next(standing(tx, number), None)
        span = next_span(site.clock.now(), tenancy.opened_at, last)
    else:
        begin = since or tenancy.opened_at
        span = Span(since=begin, until=until or just_after(max(site.clock.now(), begin)))
    if span.until <= span.since:
        raise InvalidInputError("time_order")
    statement = statement_maker(site.book).make(tx, tenancy, span)
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
            vol.Optional("month"): WRITTEN,
        },
        SupportsResponse.ONLY,
    ),
    "issue_statement": Action(
        _issue_statement,
        {
            **ACCOUNTS,
            **PAPER,
            vol.Optional("month"): WRITTEN,
            vol.Optional("correct", default=False): cv.boolean,
        },
    ),
}

"""Statements on paper: printing and sending those that were issued, and stopping that."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..action_targets import accounts_named
from ..adapters.statement_paper.wording import LANGUAGES
from ..authority import Duty, async_require_manager
from ..core.errors import InvalidInputError
from ..core.ids import AccountNumber
from ..core.ledger.account_rows import IssuedStatement
from ..core.ledger.ports import LedgerTransaction
from ..site import CompereSite
from ..statements.downloads import link_to
from ..statements.mailing import NOT_TRIED
from ..statements.press import PAGES, TABLES, Group, Paper
from .fields import ACCOUNTS, Action

PAPER: Mapping[Any, Any] = {
    vol.Optional("formats", default=list): vol.All(
        cv.ensure_list, [vol.In(sorted(PAGES | TABLES))]
    ),
    vol.Optional("language", default=""): vol.In(("", *LANGUAGES)),
    vol.Optional("email", default=False): cv.boolean,
    vol.Optional("resend", default=False): cv.boolean,
}
"""Fields of actions that print and send."""


def wants_paper(call: ServiceCall) -> bool:
    """Tell whether something is to be printed or sent."""
    return bool(call.data["formats"] or call.data["email"])


async def async_papers(
    site: CompereSite,
    groups: AsyncGenerator[Group],
    total: int,
    call: ServiceCall,
) -> dict[str, Any]:
    """Print and send statements as they are issued, so many in all.

    Return for each that is issued its number, its files and who has it.
    """
    forms = set(call.data["formats"])
    if call.data["email"]:
        forms.add("pdf")
    language = call.data["language"]
    printed = await site.press.async_print(groups, total, forms, language)
    sent: Mapping[Paper, dict[str, str]] = {}
    if call.data["email"] and not printed.is_cancelled:
        sent = await site.mailing.async_send(
            {paper: files["pdf"] for paper, files in printed.files.items()},
            language=language,
            again=call.data["resend"],
        )

    if not call.return_response:
        return {}
    is_cancelled = printed.is_cancelled or any(NOT_TRIED in one.values() for one in sent.values())

    def links(files: Mapping[str, Path]) -> dict[str, dict[str, str]]:
        return {
            form: {"path": str(path), "link": link_to(site, path)} for form, path in files.items()
        }

    def answer() -> dict[str, Any]:
        """Sign thousands of links beside the event loop."""
        accounts: dict[str, dict[str, Any]] = {}
        for paper in printed.papers:
            one: dict[str, Any] = {"number": paper.number}
            one["files"] = links(printed.files.get(paper, {}))
            if error := printed.errors.get(paper):
                one["error"] = error
            if paper in sent:
                one["sent"] = sent[paper]
            accounts[paper.account] = one
        return {
            "accounts": accounts,
            "files": links(printed.tables),
            "printed": len(printed.files),
            "cancelled": is_cancelled,
        }

    return await site.hass.async_add_executor_job(answer)


async def _print_statements(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Print and send statements that were issued before: one number, or each account's latest."""
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    if not wants_paper(call):
        raise InvalidInputError("print_nothing")
    names = [AccountNumber(name) for name in accounts_named(hass, site, call.data)]
    number = call.data.get("number")

    def read(tx: LedgerTransaction) -> list[Paper]:
        return [Paper(name, issued_row(tx, name, number).number) for name in names]

    papers = await site.ledger.read(read)
    return await async_papers(site, _read_one_by_one(site, papers), len(papers), call)


async def _read_one_by_one(site: CompereSite, papers: Sequence[Paper]) -> AsyncGenerator[Group]:
    """Yield statements that were issued: the texts of thousands are not held at once."""
    for account, number in papers:
        read = partial(issued_row, account=account, number=number)
        yield {account: await site.ledger.read(read)}


def issued_row(
    tx: LedgerTransaction, account: AccountNumber, number: int | None
) -> IssuedStatement:
    """Return a statement that was issued, the latest one if no number is given.

    Raises `InvalidInputError` (`statement_unknown`).
    """
    if number is None:
        row = tx.last(IssuedStatement, account=account)
    else:
        row = tx.find(IssuedStatement, account=account, number=number)
    if row is None:
        last = tx.last(IssuedStatement, account=account)
        raise InvalidInputError(
            "statement_unknown",
            account=account,
            number=number or 0,
            last=last.number if last else 0,
        )
    return row


async def _cancel_statements(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Stop what is being printed and sent; what was issued stays issued."""
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    press = site.press
    stopped = [press.cancel(), site.mailing.stop()]
    return {"cancelled": any(stopped), "done": press.done, "total": press.total}


ACTIONS = {
    "print_statements": Action(
        _print_statements,
        {
            **ACCOUNTS,
            **PAPER,
            vol.Optional("number"): vol.All(vol.Coerce(int), vol.Range(min=1)),
        },
    ),
    "cancel_statements": Action(_cancel_statements, {}, SupportsResponse.OPTIONAL),
}

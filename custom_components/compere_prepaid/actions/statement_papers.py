"""Statements on paper: printing and sending those that were issued, and stopping that."""

from collections.abc import Mapping
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
from ..statements.press import PAGES, TABLES, Paper
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
    site: CompereSite, issued: Mapping[AccountNumber, int], call: ServiceCall
) -> dict[str, Any]:
    """Print and send issued statements; return for each its number, its files and who has it."""
    papers = [Paper(account, number) for account, number in issued.items()]
    forms = set(call.data["formats"])
    if call.data["email"]:
        forms.add("pdf")
    language = call.data["language"]
    printed = await site.press.async_print(papers, forms, language)
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
        for paper in papers:
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

    def read(tx: LedgerTransaction) -> dict[AccountNumber, int]:
        return {name: _number_of(tx, name, number) for name in names}

    return await async_papers(site, await site.ledger.read(read), call)


def _number_of(tx: LedgerTransaction, account: AccountNumber, number: int | None) -> int:
    last = tx.last(IssuedStatement, account=account)
    wanted = number if number is not None else last.number if last else 0
    if last is None or tx.find(IssuedStatement, account=account, number=wanted) is None:
        raise InvalidInputError(
            "statement_unknown", account=account, number=wanted, last=last.number if last else 0
        )
    return wanted


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

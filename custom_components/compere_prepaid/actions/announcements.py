"""Announcements: writing, withdrawing and listing them, and noting who has read them."""

from collections.abc import Mapping
from typing import Any
import uuid

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import local_iso
from ..authority import Duty, async_require_manager, user_name
from ..core.announcement.board import Posted
from ..core.announcement.notice import Audience, NoticeText, PublicNotice, Texts, Urgency
from ..core.announcement.templates import TEMPLATES, write_template
from ..core.errors import InvalidInputError
from ..core.ids import AccountNumber
from ..core.ledger.account_rows import ReadReceipt
from ..site import CompereSite
from .fields import ACCOUNTS, NAMES, ONE_ACCOUNT, REFERENCE, WRITTEN, Action, moment_of

_TARGETS = ("entity_id", "device_id", "area_id", "floor_id", "label_id")

_TEXT = vol.Any(
    cv.string,
    {vol.Optional("title", default=""): cv.string, vol.Required("message"): cv.string},
)


async def _announce(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    notice = _notice(hass, site, call, user)
    board = site.announcements.board
    if call.data["dry_run"]:
        accounts = board.check(notice)
        return _data(site, Posted(notice=notice), accounts) | {"dry_run": True, "replayed": False}
    posted, replayed = await board.publish(notice)
    accounts = sorted(site.announcements.accounts_of(posted.notice.audience))
    return _data(site, posted, accounts) | {"dry_run": False, "replayed": replayed}


def _notice(hass: HomeAssistant, site: CompereSite, call: ServiceCall, user: str) -> PublicNotice:
    """Return the announcement that a call asks for."""
    data, now = call.data, site.clock.now()
    texts = _texts(hass, call)
    by_policy: dict[str, Texts] = {}
    if template := data.get("template"):
        if texts:
            raise InvalidInputError("announcement_text_twice")
        by_policy = {
            name: write_template(template, policy, site.currency)
            for name, policy in sorted(site.book.policies.items())
        }
        texts = dict(next(iter(by_policy.values())))
    target = {kind: tuple(cv.ensure_list(data[kind])) for kind in _TARGETS if data.get(kind)}
    return PublicNotice(
        id=data.get("reference") or uuid.uuid4().hex[:12],
        texts=texts,
        by_policy=by_policy,
        template=template or "",
        audience=Audience(
            accounts=tuple(site.book.account(each).number for each in data.get("account", ())),
            policies=tuple(site.book.policy(each).name for each in data.get("with_policy", ())),
            target=target,
            everybody=data["everybody"],
        ),
        since=moment_of(site, call, "from") or now,
        until=moment_of(site, call, "until"),
        urgency=Urgency(data["urgency"]),
        written_at=now,
        user=user,
    )


def _texts(hass: HomeAssistant, call: ServiceCall) -> dict[str, NoticeText]:
    """Return the texts that were written: in one language, or in several."""
    texts = {
        language: NoticeText("", text) if isinstance(text, str) else NoticeText(**text)
        for language, text in call.data.get("texts", {}).items()
    }
    if (message := call.data.get("message")) is not None:
        texts[hass.config.language] = NoticeText(call.data.get("title", ""), message)
    return texts


async def _withdraw(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    posted = await site.announcements.board.withdraw(
        call.data["announcement"], reason=call.data.get("reason", ""), user=user
    )
    return _data(site, posted, sorted(site.announcements.accounts_of(posted.notice.audience)))


async def _list(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    board, now = site.announcements.board, site.clock.now()
    if (number := call.data.get("account")) is not None:
        return {"announcements": await _of_account(site, site.book.account(number).number)}
    if (notice_id := call.data.get("announcement")) is not None:
        found = [board.find(notice_id)]
    else:
        found = [
            each for each in board.posted.values() if call.data["all"] or not _is_past(each, now)
        ]
    found.sort(key=lambda each: each.notice.written_at, reverse=True)
    receipts = await board.receipts(each.notice.id for each in found)
    listed = []
    for each in found:
        accounts = sorted(site.announcements.accounts_of(each.notice.audience))
        read = {receipt.account: receipt for receipt in receipts[each.notice.id]}
        listed.append(
            _data(site, each, accounts)
            | {
                "user": await user_name(hass, each.notice.user),
                "read": {number: _receipt_data(site, row) for number, row in read.items()},
                "unread": [number for number in accounts if number not in read],
            }
        )
    return {"announcements": listed}


async def _of_account(site: CompereSite, number: AccountNumber) -> list[dict[str, Any]]:
    """Return what one account's tenant reads now, in the tenant's language."""
    announcements = site.announcements
    found = announcements.board.for_account(number)
    receipts = await announcements.board.receipts(each.notice.id for each in found)
    listed = []
    for each in found:
        text = announcements.text_for(number, each.notice.id)
        read = [row for row in receipts[each.notice.id] if row.account == number]
        listed.append(
            {
                "announcement": each.notice.id,
                "title": text.title,
                "message": text.message,
                "urgency": each.notice.urgency.value,
                "from": local_iso(site, each.notice.since),
                "read": _receipt_data(site, read[0]) if read else None,
            }
        )
    return listed


async def _mark_read(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    receipt = await site.announcements.board.mark_read(
        call.data["account"], call.data["announcement"], by=user
    )
    return {"announcement": receipt.announcement, **_receipt_data(site, receipt)}


def _receipt_data(site: CompereSite, receipt: ReadReceipt) -> dict[str, str]:
    return {"at": local_iso(site, receipt.at), "by": receipt.by}


def _data(site: CompereSite, posted: Posted, accounts: list[AccountNumber]) -> dict[str, Any]:
    """Return an announcement for who writes it: all its texts, and for whom it is now."""
    notice = posted.notice
    policies = {site.book.account(number).policy.name for number in accounts}
    return {
        "announcement": notice.id,
        "state": _state(site, posted),
        "template": notice.template or None,
        "urgency": notice.urgency.value,
        "from": local_iso(site, notice.since),
        "until": None if notice.until is None else local_iso(site, notice.until),
        "texts": _texts_data(notice.texts)
        if not notice.by_policy
        else {
            name: _texts_data(notice.by_policy.get(name, notice.texts)) for name in sorted(policies)
        },
        "accounts": accounts,
        "told": None if posted.told is None else list(posted.told),
    }


def _texts_data(texts: Texts) -> dict[str, dict[str, str]]:
    return {language: text._asdict() for language, text in texts.items()}


def _state(site: CompereSite, posted: Posted) -> str:
    now, notice = site.clock.now(), posted.notice
    if posted.withdrawn_at is not None:
        return "withdrawn"
    if now < notice.since:
        return "coming"
    return "running" if notice.runs(now) else "over"


def _is_past(posted: Posted, now: Any) -> bool:
    until = posted.notice.until
    return posted.withdrawn_at is not None or (until is not None and until <= now)


ONE_ANNOUNCEMENT: Mapping[Any, Any] = {vol.Required("announcement"): cv.string}

ACTIONS = {
    "announce": Action(
        _announce,
        {
            **ACCOUNTS,
            vol.Optional("with_policy"): NAMES,
            vol.Optional("everybody", default=False): cv.boolean,
            vol.Optional("title"): cv.string,
            vol.Optional("message"): cv.string,
            vol.Optional("texts"): {cv.string: _TEXT},
            vol.Optional("template"): vol.In(TEMPLATES),
            vol.Optional("from"): WRITTEN,
            vol.Optional("until"): WRITTEN,
            vol.Optional("urgency", default=Urgency.INFO.value): vol.In(
                [urgency.value for urgency in Urgency]
            ),
            vol.Optional("reference"): REFERENCE,
            vol.Optional("dry_run", default=False): cv.boolean,
        },
    ),
    "withdraw_announcement": Action(
        _withdraw, {**ONE_ANNOUNCEMENT, vol.Optional("reason"): cv.string}
    ),
    "list_announcements": Action(
        _list,
        {
            vol.Optional("account"): cv.string,
            vol.Optional("announcement"): cv.string,
            vol.Optional("all", default=False): cv.boolean,
        },
        SupportsResponse.ONLY,
    ),
    "mark_read": Action(_mark_read, {**ONE_ACCOUNT, **ONE_ANNOUNCEMENT}),
}

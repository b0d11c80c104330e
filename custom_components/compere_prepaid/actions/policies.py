"""Policies: writing one, looking at all of them, and trying one before it is put into force."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import exact_text
from ..action_targets import accounts_meant
from ..authority import Duty, async_require_manager
from ..core.documents import DocumentError
from ..core.errors import InvalidInputError
from ..core.ids import AccountNumber
from ..core.policy.credit import Policy
from ..core.prepayment.calendar import day_of
from ..core.prepayment.policies import PolicyHistory
from ..core.prepayment.policy_preview import Prospect, Standing
from ..core.site_file_policies import policy_data, policy_from
from ..policy_texts import summary, warnings
from ..site import CompereSite
from .fields import ACCOUNTS, WRITTEN, Action, answer_of, document_given, per_account

_FILE = "policy"


async def _set_policy(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Write a policy; faults are the answer where one is asked for, else they are the error."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    try:
        policy = await _written(hass, site, call.data["policy"], call.data.get("valid_from"))
    except DocumentError as error:
        if not call.return_response:
            raise
        return {"result": "refused", "faults": [asdict(fault) for fault in error.faults]}
    dry_run = call.data["dry_run"]
    numbers = site.policies.previewer.who_has(policy.name)
    meant = await _tried(site, numbers, policy) if numbers else []
    async with site.importing:
        change = await site.policies.set(policy, user=user, dry_run=dry_run)
    result = "unchanged" if change is None else "changed" if change.before else "created"
    return {
        "result": result,
        "faults": [],
        "name": policy.name,
        "valid_from": policy.valid_from and policy.valid_from.isoformat(),
        "warnings": warnings(policy, day_of(site.clock.now(), site.zone), hass.config.language),
        **_summary(hass, policy, meant),
        "affected": numbers,
    }


async def _get_policy(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    histories = await site.policies.histories()
    if (wanted := call.data.get("policy")) is not None:
        if wanted not in histories:
            known = ", ".join(sorted(histories)) or "-"
            raise InvalidInputError("policy_unknown", policy=wanted, known=known)
        histories = {wanted: histories[wanted]}
    return {
        "policies": [_shown(hass, site, name, versions) for name, versions in histories.items()]
    }


def _shown(
    hass: HomeAssistant, site: CompereSite, name: str, versions: Iterable[PolicyHistory]
) -> dict[str, Any]:
    policy = site.book.policies.get(name)
    today = day_of(site.clock.now(), site.zone)
    return {
        "name": name,
        "policy": None if policy is None else _data(site, policy),
        "versions": [
            {
                "since": version.since.astimezone(site.zone).isoformat(),
                "status": version.status,
                "user": version.user,
                "policy": _data(site, version.policy),
            }
            for version in versions
        ],
        "accounts": site.policies.previewer.who_has(name),
        "warnings": [] if policy is None else warnings(policy, today, hass.config.language),
    }


async def _preview_policy(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Answer with what a policy would mean now for those who are meant, or who have it, or all."""
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    given = call.data["policy"]
    if isinstance(given, str) and (given in site.book.policies or ":" not in given):
        policy = _known(site, given)
    else:
        policy = await _written(hass, site, given, None)
    everybody = not any(call.data.get(str(key)) for key in ACCOUNTS)
    numbers = (
        site.policies.previewer.who_has(policy.name) or site.policies.previewer.everybody()
        if everybody
        else [AccountNumber(number) for number in accounts_meant(hass, site, call.data)]
    )
    found = await _tried(site, numbers, policy)
    return {
        "policy": policy.name,
        **_summary(hass, policy, found),
        "warnings": warnings(policy, day_of(site.clock.now(), site.zone), hass.config.language),
        **per_account({one.account: _prospect(site, one) for one in found}),
    }


async def _tried(
    site: CompereSite, numbers: Iterable[AccountNumber], policy: Policy
) -> list[Prospect]:
    return await site.policies.previewer.preview(list(numbers), policy)


def _summary(hass: HomeAssistant, policy: Policy, found: Iterable[Prospect]) -> dict[str, Any]:
    totals, text = summary(policy.name, found, hass.config.language)
    return {"totals": totals, "text": text}


def _prospect(site: CompereSite, one: Prospect) -> dict[str, Any]:
    return {
        "name": one.name,
        "policy": one.policy,
        "now": _standing(site, one.now),
        "then": _standing(site, one.then),
        "warned": one.is_warned,
        "supply": str(one.fate),
        "until": _time(site, one.until),
        "why": one.why,
    }


def _standing(site: CompereSite, standing: Standing) -> dict[str, Any]:
    level = standing.level
    return {
        "supply_state": str(standing.state),
        "available_credit": f"{site.currency.rounded_down(standing.available):f}",
        "warning_level": None if level is None else exact_text(site.currency, level),
        "warning_days": standing.days,
    }


def _time(site: CompereSite, at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(site.zone).isoformat()


def _known(site: CompereSite, name: str) -> Policy:
    """Return a policy of the site: the one in force, or else the next to come."""
    planned = (one for one in site.book.planned if one.name == name)
    return site.book.policies.get(name) or next(planned, None) or site.book.policy(name)


async def _written(hass: HomeAssistant, site: CompereSite, given: Any, valid_from: Any) -> Policy:
    """Read a policy in the site file's form, with the special days that its calendar has now.

    Raises `DocumentError` with everything that is wrong.
    """

    def read() -> Policy:
        document = document_given(given, valid_from, file=_FILE)
        return policy_from(document, site.currency, site.book.calendars, file=_FILE)

    policy = await hass.async_add_executor_job(read)
    return site.policies.bound(policy)


def _data(site: CompereSite, policy: Policy) -> dict[str, Any]:
    return answer_of(policy_data(policy, site.currency))


ACTIONS = {
    "set_policy": Action(
        _set_policy,
        {
            vol.Required("policy"): WRITTEN,
            vol.Optional("valid_from"): WRITTEN,
            vol.Optional("dry_run", default=False): cv.boolean,
        },
    ),
    "get_policy": Action(_get_policy, {vol.Optional("policy"): cv.string}, SupportsResponse.ONLY),
    "preview_policy": Action(
        _preview_policy, {vol.Required("policy"): WRITTEN, **ACCOUNTS}, SupportsResponse.ONLY
    ),
}

"""What the fields of actions take, and how what people and automations write in them is read.

Money, energies and times are taken as they come and read here, so that a refusal is a translated
sentence and changes nothing.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
import json
import re
from typing import Any, NamedTuple
import uuid

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import probatio as vol

from ..core.document_data import document_of
from ..core.document_section import number_text
from ..core.documents import Document
from ..core.errors import InvalidInputError
from ..core.ids import AccountNumber
from ..core.money.amount import Amount
from ..core.prepayment.calendar import day_start
from ..site import CompereConfigEntry, CompereSite

type Handler = Callable[[HomeAssistant, CompereSite, ServiceCall], Awaitable[dict[str, Any]]]


type EntryHandler = Callable[
    [HomeAssistant, CompereConfigEntry, ServiceCall], Awaitable[dict[str, Any]]
]


class EntryAction(NamedTuple):
    """An action that works also while its site does not run."""

    handler: EntryHandler
    fields: dict[Any, Any]
    response: SupportsResponse = SupportsResponse.OPTIONAL


class Action(NamedTuple):
    """An action: what does it, the fields that it takes, and whether it must answer."""

    handler: Handler
    fields: dict[Any, Any]
    response: SupportsResponse = SupportsResponse.OPTIONAL


ENTRY = {vol.Optional("config_entry_id"): cv.string}
TARGET = cv.TARGET_FIELDS
NAMES = vol.All(cv.ensure_list, [cv.string])
WRITTEN = object
"""As people and automations write it: text or a number."""
REFERENCE = vol.All(cv.string, vol.Strip, vol.Length(min=1, max=64))

ONE_ACCOUNT = {vol.Required("account"): cv.string}
ACCOUNTS = {vol.Optional("account"): NAMES, **TARGET}
MANY = {
    **ACCOUNTS,
    vol.Optional("with_policy"): NAMES,
    vol.Optional("dry_run", default=False): cv.boolean,
    vol.Optional("skip_refused", default=False): cv.boolean,
}
"""Of actions that are carried out for many accounts at once."""
METERS = {vol.Optional("account"): NAMES, vol.Optional("meter"): NAMES, **TARGET}

_ENERGY = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")


def written(value: object) -> str | int:
    """Return what was written, exactly: JSON's 0.1 means a tenth. What is no number stays text."""
    if isinstance(value, float):
        return repr(value)
    return value if isinstance(value, str | int) else str(value)


def reference_of(call: ServiceCall) -> str:
    """Return the reference of a call; one that has none is a business of its own."""
    return call.data.get("reference") or f"auto-{uuid.uuid4()}"


def amount_of(site: CompereSite, call: ServiceCall, key: str = "amount") -> Amount:
    """Return an amount of money; zero where the field was left out."""
    return site.currency.parse(written(call.data.get(key, 0)))


def watt_hours(call: ServiceCall, key: str) -> int | None:
    """Return an energy that was written in kWh; raises `energy_wrong`."""
    if (value := call.data.get(key)) is None:
        return None
    text = str(written(value)).strip()
    if not _ENERGY.fullmatch(text):
        raise InvalidInputError("energy_wrong", energy=text[:40])
    return int(Decimal(text) * 1000)


def millionths(value: object) -> int:
    """Return a percentage, more than 0 and at most 100, in ppm; raises `percent_wrong`."""
    text = str(written(value)).strip().removesuffix("%").strip()
    if not _PERCENT.fullmatch(text) or not 0 < Decimal(text) <= 100:
        raise InvalidInputError("percent_wrong", percent=text[:40])
    return int(Decimal(text) * 10_000)


def moment_of(site: CompereSite, call: ServiceCall, key: str) -> datetime | None:
    """Return an instant: a day begins at its midnight, a time without zone is the site's.

    Raises `time_wrong`.
    """
    if (value := call.data.get(key)) is None:
        return None
    text = value.isoformat() if isinstance(value, date | time) else str(value).strip()
    if (day := dt_util.parse_date(text)) is not None:
        return day_start(day, site.zone)
    found = dt_util.parse_datetime(text)
    if found is None:
        raise InvalidInputError("time_wrong", time=text[:40])
    return (found if found.tzinfo else found.replace(tzinfo=site.zone)).astimezone(dt_util.UTC)


def needed_moment_of(site: CompereSite, call: ServiceCall, key: str) -> datetime:
    """Return an instant that must be given."""
    found = moment_of(site, call, key)
    if found is None:
        raise InvalidInputError("time_wrong", time="")
    return found


def month_of(call: ServiceCall, key: str) -> date | None:
    """Return the first day of a month like 2026-02; raises `month_wrong`."""
    if (value := call.data.get(key)) is None:
        return None
    text = str(value).strip()
    day = dt_util.parse_date(f"{text}-01") if _MONTH.fullmatch(text) else None
    if day is None:
        raise InvalidInputError("month_wrong", month=text[:40])
    return day


def day_of_text(value: object) -> date:
    """Return a day like 2026-10-01; raises `day_wrong`."""
    day = value if isinstance(value, date) else dt_util.parse_date(str(value).strip())
    if day is None:
        raise InvalidInputError("day_wrong", day=str(value)[:40])
    return day


def document_given(given: object, valid_from: object, *, file: str) -> Document:
    """Read a document in the site file's form, with the day that was given beside it, if any.

    Raises `DocumentError` and `day_wrong`. Blocking.
    """
    document = document_of(given, file=file)
    if valid_from is None or not isinstance(document.data, Mapping):
        return document
    day = day_of_text(valid_from).isoformat()
    return replace(document, data={**document.data, "valid_from": day})


def answer_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the site file's form says as an answer: exact numbers as text."""
    answer: dict[str, Any] = json.loads(json.dumps(data, default=number_text))
    return answer


def per_account(answers: dict[AccountNumber, dict[str, Any]]) -> dict[str, Any]:
    """Return an answer with a part for each account."""
    return {"accounts": dict(answers)}

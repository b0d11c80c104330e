"""Coming in: a session, a meter, and the proofs that open more of it."""

from collections.abc import Callable

from ..core.access.access import Access
from ..core.ids import AccountNumber
from .call import Call, Json
from .errors import PortalError, not_found
from .gate import Route
from .limits import Limit
from .meters import Found, find_meter, shown_meter
from .sessions import Level
from .wording import LANGUAGES


async def session(call: Call) -> Json:
    """Tell who is there; who comes first gets a session."""
    if call.known is None:
        call.count(Limit.SESSION)
        call.token, call.known = call.portal.sessions.begin()
        await _recognise(call)
    return told(call)


async def _recognise(call: Call) -> None:
    """Open the account at once that trusts this browser, if one does."""
    if not (secret := call.device_secret):
        return
    for number in await call.site.access.devices.accounts_of(secret):
        account = call.site.book.accounts.get(number)
        if account is not None and account.is_open and account.meters:
            await _enter(call, Level.NUMBER, Found(next(iter(account.meters)), number))
            return


def told(call: Call) -> Json:
    """Return what a page is told of its session."""
    site, known, settings = call.site, call.session, call.portal.settings
    meter = None
    if known.meter is not None and known.account is not None:
        meter = shown_meter(site, known.meter, call.account)
    agent = call.request.headers.get("User-Agent", "")
    return {
        "csrf": known.csrf,
        "level": int(known.level),
        "language": call.language,
        "languages": list(LANGUAGES),
        "site": {
            "name": site.name,
            "currency": site.currency.code,
            "digits": site.currency.digits,
            "sandbox": call.portal.is_sandbox,
            "open": settings.open_mode,
        },
        "meter": meter,
        "wechat": {
            "inside": "MicroMessenger" in agent,
            "known": bool(known.openid),
            "oauth": bool(settings.wechat_oauth),
        },
        "expires_at": known.expires_at.astimezone(site.zone).isoformat(timespec="seconds"),
    }


async def find(call: Call) -> Json:
    """Choose a meter by its number: enough to pay, and in open mode to look."""
    fields = await call.text_fields("meter")
    call.count(Limit.UNKNOWN)
    found = find_meter(call.site, fields["meter"])
    if found is None:
        raise not_found()
    call.not_counted(Limit.UNKNOWN)
    portal = call.portal
    level = Level.METER if portal.settings.open_mode else Level.NUMBER
    still = (lambda: portal.settings.open_mode) if level else None
    await _enter(call, level, found, still)
    return told(call)


async def access(call: Call) -> Json:
    """Prove more, by the meter's code or by the account's PIN."""
    fields = await call.text_fields("meter", optional=("tag", "pin"))
    if ("tag" in fields) == ("pin" in fields):
        raise PortalError(400, "bad_request")
    found = find_meter(call.site, fields["meter"])
    proofs = call.site.access
    if "pin" in fields:
        call.count(Limit.PIN)
        accepted = await proofs.pins.accepts(found.account if found else None, fields["pin"])
    else:
        # nobody guesses 128 bits: a code that was scanned is not held up by others' guesses
        meter, account = found or Found(call.portal.nobody, AccountNumber(""))
        accepted = await proofs.tags.accepts(meter, account, fields["tag"])
    if not accepted or found is None:
        raise PortalError(403, "not_accepted")
    await _enter(call, Level.METER, found, _still(proofs, found, by_pin="pin" in fields))
    return told(call)


def _still(proofs: Access, found: Found, *, by_pin: bool) -> Callable[[], bool]:
    """Return what tells whether a proof is good: until the code is renewed, or the PIN set anew."""
    if by_pin:
        changes = proofs.pins.changes[found.account]
        return lambda: proofs.pins.changes[found.account] == changes
    renewals = proofs.tags.renewals[found.meter]
    return lambda: proofs.tags.renewals[found.meter] == renewals


async def link(call: Call) -> Json:
    """Open an account's papers by a link of staff."""
    fields = await call.text_fields("token")
    call.count(Limit.UNKNOWN)
    number = call.site.access.links.redeem(fields["token"])
    account = None if number is None else call.site.book.accounts.get(number)
    if account is None or not account.is_open:
        raise PortalError(403, "not_accepted")
    call.not_counted(Limit.UNKNOWN)
    call.change_session(Level.PAPERS, account.number, next(iter(account.meters), None))
    await _choose_language(call)
    return told(call)


async def logout(call: Call) -> Json:
    """Forget who is there."""
    call.portal.sessions.end(call.session)
    call.token, call.known = call.portal.sessions.begin()
    return told(call)


async def _enter(
    call: Call, level: Level, found: Found, still: Callable[[], bool] | None = None
) -> None:
    """Let a session be for a meter; who knows more of the same account keeps that."""
    known = call.session
    vouchers = await call.vouchers(found.account)
    if vouchers:
        level, still = Level.PAPERS, None
    elif known.account == found.account and known.level > level:
        level, still, vouchers = known.level, known.still, known.vouchers
    call.change_session(level, found.account, found.meter)
    known.vouchers, known.still = vouchers, still
    await _choose_language(call)


async def _choose_language(call: Call) -> None:
    """Speak the language that a tenant chose, with who proved to be the tenant."""
    known = call.session
    known.language = ""
    if known.level >= Level.METER and known.account is not None:
        known.language = call.site.tenants.choice(known.account).language
    call.language = call.portal.gate.language(call.request, known)


ROUTES = (
    Route("GET", "/api/session", session),
    Route("POST", "/api/find", find, Level.NUMBER, needs_meter=False),
    Route("POST", "/api/access", access, Level.NUMBER, needs_meter=False),
    Route("POST", "/api/link", link, Level.NUMBER, needs_meter=False),
    Route("POST", "/api/logout", logout, Level.NUMBER, needs_meter=False),
)

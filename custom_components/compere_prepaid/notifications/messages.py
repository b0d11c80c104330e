"""News in words: what a tenant or a manager reads, with what there is to do.

Money is shown as everywhere: what is there rounded down, what has to come in rounded up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from ..const import DOMAIN
from ..core.ids import AccountNumber, BusId, MeterSerial
from ..core.money.amount import Amount, Currency
from ..core.policy.credit import Reconnect
from ..core.policy.protection import RuleKind
from ..core.prepayment.state import AccountState
from ..entities.trimmed import trimmed
from .news import OF_ACCOUNTS, Audience, Kind, News
from .wording import text, texts

if TYPE_CHECKING:
    from ..site import CompereSite

_OF_ACCOUNTS = frozenset(OF_ACCOUNTS.values())
_DATED = frozenset({Kind.CUT_PUT_OFF, Kind.CUT_REMINDER})
"""The kinds that tell until when, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent. Of two with the same `tag` a phone shows the later one."""

    title: str
    text: str
    tag: str
    account: AccountNumber | None = None
    file: Path | None = None
    """What goes with it, on channels that take files."""


def account_of(site: CompereSite, news: News) -> AccountState | None:
    """Return the account that news concern, if there is one and it is still there."""
    if news.kind in _OF_ACCOUNTS:
        return site.book.accounts.get(AccountNumber(news.subject))
    meter = site.book.meters.get(MeterSerial(news.subject))
    if meter is None or meter.account is None:
        return None
    return site.book.accounts.get(meter.account)


def is_there(site: CompereSite, news: News) -> bool:
    """Tell whether what news are about still belongs to the site."""
    if news.kind in _OF_ACCOUNTS:
        return account_of(site, news) is not None
    if news.kind is Kind.BUS_DOWN:
        return BusId(news.subject) in site.buses
    return MeterSerial(news.subject) in site.meters


def is_true(site: CompereSite, news: News) -> bool:
    """Tell whether news that waited are still worth telling."""
    if news.kind in _OF_ACCOUNTS:
        account = account_of(site, news)
        return account is not None and _holds_of(site, news, account)
    match news.kind:
        case Kind.METER_OFFLINE:
            meter = site.meters.get(MeterSerial(news.subject))
            return meter is not None and not meter.coordinator.online
        case Kind.SUSPECT_READING:
            state = site.book.meters.get(MeterSerial(news.subject))
            return state is not None and state.suspicion == news.facts["reason"]
        case Kind.BUS_DOWN:
            bus = site.buses.get(BusId(news.subject))
            return bus is not None and not bus.coordinator.data
        case _:
            return True


def _holds_of(site: CompereSite, news: News, account: AccountState) -> bool:
    """Tell whether what was said of an account still holds."""
    now = site.clock.now()
    match news.kind:
        case Kind.CREDIT_WARNING:
            left, days = account.days_left(now), news.facts.get("days")
            few = left is not None and days is not None and left <= int(days) * 1000
            low = account.level_reached is not None
            return (low or few) and not account.off
        case Kind.CUT_PUT_OFF | Kind.SHADOW_CUT:
            return account.waiting
        case Kind.EMERGENCY_STARTED:
            return bool(account.tenancy.emergency)
        case Kind.GRACE_GRANTED:
            return news.until is not None and now < news.until
        case _:
            return True


def compose(site: CompereSite, news: News, audience: Audience, language: str) -> Message:
    """Put news into words; what they are about is still there."""
    account = account_of(site, news)
    if news.kind in _OF_ACCOUNTS and account is not None:
        values, variant = _of_account(site, news, account, language)
    else:
        values, variant = _of_equipment(site, news, account, language)
    key = f"{news.kind}_{audience}"
    title = f"{key}_title" if f"{key}_title" in texts(language) else f"{key}{variant}_title"
    return Message(
        title=text(language, title, values),
        text=text(language, f"{key}{variant}_text", values),
        tag=tag_of(site, account.number if account else news.subject),
        account=account.number if account else None,
    )


def tag_of(site: CompereSite, subject: str) -> str:
    """Return what marks messages of which only the latest is shown."""
    return f"{DOMAIN}_{site.key}_{subject}"


def money(currency: Currency, amount: Decimal) -> str:
    """Return an amount as people read it: `1,234.50 CNY`."""
    return f"{amount:,f} {currency.code}"


def wall_clock(site: CompereSite, at: datetime) -> str:
    """Return an instant on the site's clock, to the minute."""
    return at.astimezone(site.zone).strftime("%Y-%m-%d %H:%M")


def needed(site: CompereSite, account: AccountState) -> Decimal:
    """Return the least top-up that ends a warning, or keeps or brings back the power.

    Emergency credit in use is repaid by it first. Debts that take a share of each top-up come on
    top of it.
    """
    policy = account.policy
    goal = policy.cut_off
    levels = policy.levels_with(account.own_level)
    if not account.off and not account.exhausted and levels:
        goal = levels[0]
    gap = max(0, goal - account.available) + account.tenancy.emergency
    currency = site.currency
    unit = currency.minor
    least = Amount((gap // unit + 1) * unit)
    return currency.rounded(max(least, policy.minimum_top_up))


def account_values(site: CompereSite, account: AccountState) -> dict[str, str]:
    """Return what texts say of any account."""
    return {
        "site": site.name,
        "name": account.name,
        "number": account.number,
        "available": money(site.currency, site.currency.rounded_down(account.available)),
    }


def _used_up_at(site: CompereSite, account: AccountState) -> datetime | None:
    """Return when credit is expected to end; None if that is not in sight."""
    return account.forecast(site.clock.now()).expected_zero


def _of_account(
    site: CompereSite, news: News, account: AccountState, language: str
) -> tuple[Mapping[str, str], str]:
    values = account_values(site, account)
    values["needed"] = money(site.currency, needed(site, account))
    for name in ("amount", "balance"):
        if name in news.facts:
            exact = Amount(int(news.facts[name]))
            values[name] = money(site.currency, site.currency.rounded_down(exact))
    if news.kind is Kind.SHARED_COSTS:
        amount = Amount(int(news.facts["amount"]))
        values["run"] = str(news.facts["run"])
        values["amount"] = money(site.currency, site.currency.rounded(Amount(abs(amount))))
        return values, "_back" if amount < 0 else ""
    by_itself = account.policy.reconnect is Reconnect.AUTO
    returns = "power_returns_auto" if by_itself else "power_returns_by_hand"
    values["power_returns"] = texts(language)[returns]
    values["count"] = str(news.facts.get("count", ""))
    if "why" in news.facts:
        values["why"] = texts(language)[f"why_{news.facts['why']}"]
    if news.until is not None:
        values["until"] = wall_clock(site, news.until)
    if news.kind is Kind.CREDIT_WARNING and (at := _used_up_at(site, account)) is not None:
        values["zero_at"] = wall_clock(site, at)
        low = account.level_reached is not None
        return values, "_dated" if low else "_days"
    return values, "_dated" if news.kind in _DATED and news.until is not None else ""


def _of_equipment(
    site: CompereSite, news: News, account: AccountState | None, language: str
) -> tuple[Mapping[str, str], str]:
    facts = news.facts
    values = {"site": site.name, "of_account": ""}
    values |= {name: str(facts[name]) for name in ("error",) if name in facts}
    if news.kind is Kind.BUS_DOWN:
        bus = site.buses[BusId(news.subject)]
        meters = sum(meter.bus is bus for meter in site.meters.values())
        return values | {"bus": bus.name, "meters": str(meters)}, ""
    serial = MeterSerial(news.subject)
    runtime = site.meters.get(serial)
    values |= {"meter": runtime.name if runtime else serial, "serial": serial}
    if account is not None:
        values |= account_values(site, account)
        values["of_account"] = text(language, "of_account", values)
    if "reason" in facts:
        values["reason"] = texts(language)[f"reason_{facts['reason']}"]
    if "energy_wh" in facts:
        wh = int(facts["energy_wh"])
        values["energy"] = f"{wh // 1000}.{wh % 1000:03}"
    if "rule" not in facts:
        return values, ""
    rule = RuleKind(str(facts["rule"]))
    values["rule"] = texts(language).get(f"rule_{rule}", "")
    for name in ("value", "limit"):
        level = facts.get(name)
        shown = "-" if level is None else f"{trimmed(rule.shown(int(level))):f} {rule.unit}"
        values[name] = shown
    return values, f"_{facts['move']}"

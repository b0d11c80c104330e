"""The digest: how a site stands and what happened since the last one, for its managers.

What happened comes from the ledger, so a restart loses none of it; how things stand is what runs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..account_view import AccountView, local_iso
from ..core.ids import AccountNumber, MeterSerial
from ..core.ledger.account_rows import Decision, DecisionKind
from ..core.ledger.accounts import CASH, SUSPENSE, clearing
from ..core.ledger.ports import LedgerTransaction
from ..core.ledger.records import Hold, HoldKind, TransferCode
from ..core.money.amount import ZERO, Amount
from ..core.policy.credit import SupplyState
from .messages import money, wall_clock
from .quiet_hours import wall_time
from .wording import text, texts

if TYPE_CHECKING:
    from ..site import CompereSite

LONGEST = timedelta(days=7)
"""A digest never looks back further."""

SHOWN = 10
"""So many of a kind are named in its text; the data name all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An account or meter of the digest, with what there is to say of it."""

    name: str
    data: dict[str, Any]
    available: Decimal | None = None
    days: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What a digest tells, by topic; topics without items say nothing."""

    site: CompereSite
    since: datetime
    until: datetime
    topics: dict[str, list[Item]]
    top_ups: Amount

    def as_dict(self, language: str) -> dict[str, Any]:
        """Return its data and its text."""
        return {
            "since": local_iso(self.site, self.since),
            "until": local_iso(self.site, self.until),
            "title": self.title(language),
            "text": self.text(language),
            "top_ups": f"{self.site.currency.rounded(self.top_ups):f}",
            **{topic: [item.data for item in items] for topic, items in self.topics.items()},
        }

    def title(self, language: str) -> str:
        """Return its title."""
        day = self.until.astimezone(self.site.zone).date().isoformat()
        return text(language, "digest_title", {"site": self.site.name, "day": day})

    def text(self, language: str) -> str:
        """Return it in words, a line a topic."""
        values = {"since": wall_clock(self.site, self.since)}
        lines = [text(language, "digest_since", values)]
        for topic, items in self.topics.items():
            if items:
                values = {"count": str(len(items)), "items": self._named(items, language)}
                lines.append(text(language, f"digest_{topic}", values))
        if len(lines) == 1:
            lines.append(texts(language)["digest_quiet"])
        if self.top_ups:
            shown = money(self.site.currency, self.site.currency.rounded(self.top_ups))
            lines.append(text(language, "digest_top_ups", {"amount": shown}))
        return "\n".join(lines)

    def _named(self, items: list[Item], language: str) -> str:
        names = []
        for item in items[:SHOWN]:
            values = {"name": item.name}
            key = "digest_named"
            if item.available is not None:
                key = "digest_account"
                values["available"] = money(self.site.currency, item.available)
            if item.days is not None:
                key = "digest_account_dated"
                values["days"] = f"{item.days:.1f}"
            names.append(text(language, key, values))
        if len(items) > SHOWN:
            names.append(text(language, "digest_more", {"count": str(len(items) - SHOWN)}))
        return texts(language)["separator"].join(names)


@dataclass(frozen=True, slots=True)
class _History:
    holds: tuple[Hold, ...]
    shadow_cuts: tuple[Decision, ...]
    top_ups: Amount


async def async_digest(site: CompereSite, since: datetime) -> Digest:
    """Return the digest of a site since an instant."""
    until = site.clock.now().astimezone(UTC)
    keys = {*site.payments.providers, *site.standing.data.clearing}  # some may not run by now
    sources = (CASH, SUSPENSE, *map(clearing, keys))

    def read(tx: LedgerTransaction) -> _History:
        decisions = tx.rows(Decision, kind=DecisionKind.SHADOW_CUT)
        credited = sum(
            tx.totals(source, since, until).get(TransferCode.TOP_UP, ZERO) for source in sources
        )
        return _History(
            tx.holds_since(HoldKind.NO_CREDIT, since),
            tuple(one for one in decisions if one.at >= since),
            Amount(-credited),
        )

    history = await site.ledger.read(read)
    topics = _standing(site) | _past(site, history, since) | _equipment(site)
    return Digest(site=site, since=since, until=until, topics=topics, top_ups=history.top_ups)


def due(at: time, last: datetime, site: CompereSite) -> bool:
    """Tell whether a digest that is sent daily at a time of the site's clock is due."""
    now = site.clock.now()
    today = now.astimezone(site.zone).date()
    for day in (today, today - timedelta(days=1)):
        planned = wall_time(datetime.combine(day, at), site.zone)
        if planned <= now:
            return last < planned
    return False


def _standing(site: CompereSite) -> dict[str, list[Item]]:
    """Return who is warned and who is off, the poorest first."""
    warned: list[Item] = []
    off: list[Item] = []
    for number, runtime in site.accounts.items():
        if number not in site.book.accounts:
            continue
        view = AccountView(site, site.book.account(number))
        state = view.supply_state
        if state is SupplyState.IN_CREDIT:
            continue
        days, available = view.days_left, view.available_credit
        data = {
            "account": number,
            "name": runtime.name,
            "supply_state": state.value,
            "available_credit": f"{available:f}",
            "days_left": None if days is None else float(days),
        }
        is_off = state is SupplyState.OFF
        item = Item(
            name=runtime.name, data=data, available=available, days=None if is_off else days
        )
        (off if is_off else warned).append(item)
    for items in (warned, off):
        items.sort(key=lambda item: (item.available or 0, item.name))
    return {"warned": warned, "off": off}


def _past(site: CompereSite, history: _History, since: datetime) -> dict[str, list[Item]]:
    """Return who was cut, restored and shadow-cut; an account with several meters once each."""
    cut: dict[AccountNumber, datetime] = {}
    restored: dict[AccountNumber, datetime] = {}
    for hold in history.holds:
        meter = site.book.meters.get(hold.meter)
        if meter is None or meter.account is None:
            continue
        if hold.placed_at >= since:
            cut[meter.account] = max(hold.placed_at, cut.get(meter.account, since))
        if hold.released_at is not None and hold.released_at >= since:
            restored[meter.account] = max(hold.released_at, restored.get(meter.account, since))
    shadow = {one.account: one.at for one in history.shadow_cuts}
    return {
        "cut": _dated(site, cut),
        "restored": _dated(site, restored),
        "shadow_cut": _dated(site, shadow),
    }


def _dated(site: CompereSite, accounts: dict[AccountNumber, datetime]) -> list[Item]:
    found = []
    for number, at in sorted(accounts.items(), key=lambda one: (one[1], one[0])):
        account = site.book.accounts.get(number)
        name = account.name if account else number
        data = {"account": number, "name": name, "at": local_iso(site, at)}
        found.append(Item(name=name, data=data))
    return found


def _equipment(site: CompereSite) -> dict[str, list[Item]]:
    """Return the meters whose readings are not believed, and those that do not answer."""
    doubted = (state for state in site.book.meters.values() if state.suspicion is not None)
    silent = (meter.serial for meter in site.meters.values() if not meter.coordinator.online)
    return {
        "suspect": list(_meters(site, ((state.serial, state.suspicion) for state in doubted))),
        "offline": list(_meters(site, ((serial, None) for serial in silent))),
    }


def _meters(site: CompereSite, meters: Iterable[tuple[MeterSerial, str | None]]) -> Iterable[Item]:
    for serial, reason in sorted(meters):
        runtime = site.meters.get(serial)
        name = runtime.name if runtime else serial
        data = {"meter": serial, "name": name}
        yield Item(name=name, data=data | ({"reason": reason} if reason else {}))

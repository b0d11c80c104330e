"""What a tenant sees at a glance: money, power, supply. It is made of what is known already.

No view of a page ever reads a meter: values come from the last readings, with their age.
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ..account_view import AccountView, local_iso
from ..core.access.meter_reference import reference_of
from ..core.announcement.board import Posted
from ..core.ids import AccountNumber, MeterSerial
from ..core.ledger.account_rows import ReadReceipt
from ..core.ledger.ports import LedgerTransaction
from ..core.prepayment.calendar import day_of, day_start
from ..core.prepayment.state import AccountState
from ..core.tariff.rating import quote
from ..core.tariff.schedule import next_border
from ..core.tariff.tax import PPM
from .papers import kwh_text
from .supply_view import relay_of, supply, warnings

if TYPE_CHECKING:
    from ..site import CompereSite

ENERGIES_KEPT = 2000


class _Posted(NamedTuple):
    """What the ledger has of a day, as of when charges were last posted."""

    day: date
    posted_at: datetime
    energy_wh: int


class Overviews:
    """Tells tenants how their account stands."""

    def __init__(self, site: CompereSite) -> None:
        """Look at the accounts of this site."""
        self._site = site
        self._energies: OrderedDict[AccountNumber, _Posted] = OrderedDict()

    async def whole(self, account: AccountState, language: str) -> dict[str, Any]:
        """Return all of it, with announcements and messages."""
        live = await self.live(account, language)
        board = self._site.announcements.board
        posted = board.for_account(account.number)
        receipts = await self._site.ledger.read(
            lambda tx: tx.rows(ReadReceipt, account=account.number)
        )
        read = {receipt.announcement for receipt in receipts}
        return {
            **live,
            "announcements": [
                self._announcement(account, each, language, is_read=each.notice.id in read)
                for each in posted
            ],
            "messages": [
                {"at": local_iso(self._site, told.at), "title": told.title, "text": told.text}
                for told in self._site.notifier.memory.messages(account.number)
            ],
        }

    async def live(self, account: AccountState, language: str) -> dict[str, Any]:
        """Return what changes from moment to moment."""
        site, view = self._site, AccountView(self._site, account)
        forecast = view.forecast
        readings = [self._meter(serial) for serial in account.meters]
        powers = [each["power_w"] for each in readings if each["power_w"] is not None]
        usual, empty_at = view.usual_today, forecast.expected_zero
        emergency = account.policy.emergency_credit
        return {
            "name": account.name,
            "balance": f"{view.balance:f}",
            "available_credit": f"{view.available_credit:f}",
            "low": view.is_low,
            "days_left": None if forecast.days_left is None else forecast.days_left / 1000,
            "empty_at": None if empty_at is None else local_iso(site, empty_at),
            "power_w": sum(powers) if powers else None,
            "energy_today_kwh": kwh_text(await self._energy_today_wh(account)),
            "cost_today": f"{view.cost_today:f}",
            "cost_month": f"{view.cost_month:f}",
            "cost_usual_today": None if usual is None else f"{usual:f}",
            "price": f"{view.price:f}",
            "period": view.period,
            "next_price": self._next_price(account),
            "supply": supply(site, account, language),
            "warnings": warnings(site, account, language),
            "meters": readings,
            "can": {
                "confirm_reconnect": account.may_confirm,
                "emergency": {
                    "offered": f"{view.shown(emergency):f}",
                    "in_use": f"{view.shown(account.tenancy.emergency):f}",
                }
                if emergency
                else None,
            },
        }

    def _announcement(
        self, account: AccountState, posted: Posted, language: str, *, is_read: bool
    ) -> dict[str, Any]:
        notice = posted.notice
        title, message = notice.text(language, account.policy.name)
        return {
            "id": notice.id,
            "title": title,
            "text": message,
            "from": local_iso(self._site, notice.since),
            "until": None if notice.until is None else local_iso(self._site, notice.until),
            "read": is_read,
        }

    def _meter(self, serial: MeterSerial) -> dict[str, Any]:
        runtime = self._site.meters.get(serial)
        reading = runtime.coordinator.data if runtime else None
        online = runtime is not None and runtime.coordinator.online
        power_mw = reading.power_mw if reading is not None and online else None
        return {
            "reference": reference_of(serial),
            "name": runtime.name if runtime else serial,
            "relay": relay_of(self._site, serial),
            "power_w": None if power_mw is None else round(power_mw / 1000),
            "read_at": None if reading is None else local_iso(self._site, reading.at),
            "online": online,
        }

    def _next_price(self, account: AccountState) -> dict[str, Any] | None:
        """Return the next price that is another than now's, if there is one at the next border."""
        site = self._site
        now, tariff, used = site.clock.now(), site.book.tariffs[account.tariff], account.month.used
        at = next_border(tariff, now, site.zone)
        here, there = (quote(tariff, each, zone=site.zone, used=used) for each in (now, at))
        if (here.price, here.period) == (there.price, there.period):
            return None
        price = site.currency.exact_price(there.price)
        if there.tax_ppm:
            price = (price * (PPM + there.tax_ppm) / PPM).normalize()
        return {"price": f"{price:f}", "period": there.period, "at": local_iso(site, at)}

    async def _energy_today_wh(self, account: AccountState) -> int:
        """Return what was used since midnight; the ledger is asked after each posting only."""
        now, zone = self._site.clock.now(), self._site.zone
        today = day_of(now, zone)
        since = day_start(today, zone)
        kept = self._energies.get(account.number)
        if kept is None or (kept.day, kept.posted_at) != (today, account.posted_at):
            posted_at = account.posted_at

            def read(tx: LedgerTransaction) -> int:
                return sum(tx.charged_wh(account.number, since, now).values())

            kept = _Posted(today, posted_at, await self._site.ledger.read(read))
            self._energies[account.number] = kept
            while len(self._energies) > ENERGIES_KEPT:
                self._energies.popitem(last=False)
        return kept.energy_wh + _pending_wh(account, since)


def _pending_wh(account: AccountState, since: datetime) -> int:
    lines: Sequence[tuple[int, int]] = [
        (line.from_wh, line.to_wh)
        for meter in account.meters.values()
        for line in meter.pending
        if line.from_at >= since
    ]
    return sum(to_wh - from_wh for from_wh, to_wh in lines)

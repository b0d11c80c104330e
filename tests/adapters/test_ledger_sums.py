"""Sums in steps of time, on both engines: what forecasts are made of, also as clocks change."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial, TransferId
from custom_components.compere_prepaid.core.ledger.account_rows import Tenancy
from custom_components.compere_prepaid.core.ledger.accounts import energy_income, tenant
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.posting import post
from custom_components.compere_prepaid.core.ledger.records import (
    NewTransfer,
    Spending,
    TransferCode,
    TransferKind,
)
from custom_components.compere_prepaid.core.money.amount import Amount, energy_cost
from custom_components.compere_prepaid.core.prepayment.calendar import day_of
from custom_components.compere_prepaid.core.prepayment.spending import read_spending
from tests.adapters.ledger_books import (
    A_101,
    ENGINES,
    NOON,
    PRICES,
    install,
    top_up,
    two_phase,
    use,
)

pytestmark = [pytest.mark.usefixtures("socket_enabled"), pytest.mark.parametrize("engine", ENGINES)]

FUND, INCOME = tenant(A_101), energy_income("flat")
HOUR = timedelta(hours=1)
A_102, SECOND = AccountNumber("A-102"), MeterSerial("33B0250100002")
CODES = (TransferCode.CHARGE, TransferCode.CORRECTION)


def charge(
    tx: LedgerTransaction, at: datetime, amount: int, code: TransferCode = TransferCode.CHARGE
) -> None:
    """Take money for energy; give it back if it is negative."""
    debit, credit = (FUND, INCOME) if amount > 0 else (INCOME, FUND)
    request = NewTransfer(
        id=TransferId(f"{code}:{at.isoformat()}:{amount}"),
        debit=debit,
        credit=credit,
        amount=Amount(abs(amount)),
        code=code,
        effective_at=at,
        source="test",
    )
    post(tx, request, at)


async def test_sums_by_step(ledger: DatabaseLedger) -> None:
    """Both sides, only these codes, from `since` to before `until`, empty steps left out."""

    def work(tx: LedgerTransaction) -> None:
        charge(tx, NOON - timedelta(microseconds=1), 1)
        charge(tx, NOON, 2)
        charge(tx, NOON + HOUR - timedelta(microseconds=1), 4)
        charge(tx, NOON + 2 * HOUR, 8)
        charge(tx, NOON + 2 * HOUR, -3, TransferCode.CORRECTION)
        charge(tx, NOON + 2 * HOUR, 100, TransferCode.REFUND)
        charge(tx, NOON + 3 * HOUR, -16, TransferCode.CORRECTION)
        charge(tx, NOON + 4 * HOUR, 32)

    await ledger.run(work)
    await ledger.run(top_up("r", 5))
    found = await ledger.read(lambda tx: tx.sums_by_step(FUND, CODES, NOON, NOON + 4 * HOUR, HOUR))
    assert found == {0: -6, 2: -5, 3: 16}
    one = await ledger.read(
        lambda tx: tx.sums_by_step(FUND, CODES, NOON, NOON + 4 * HOUR, 9 * HOUR)
    )
    assert one == {0: 5}
    other = await ledger.read(lambda tx: tx.sums_by_step("nobody", CODES, NOON, NOON + HOUR, HOUR))
    assert other == {}


async def test_pending_transfers_are_no_sums(ledger: DatabaseLedger) -> None:
    """Money that is only reserved has not moved."""
    await ledger.run(two_phase("p", TransferKind.PENDING, 500))
    codes = tuple(TransferCode)
    found = await ledger.read(
        lambda tx: tx.sums_by_step(FUND, codes, NOON - HOUR, NOON + 9 * HOUR, HOUR)
    )
    assert found == {}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"])
async def test_days_of_the_site(ledger: DatabaseLedger, zone: str) -> None:
    """Each transfer counts on its day of the site, also on days that are longer or shorter."""
    site = ZoneInfo(zone)
    begin = datetime(2026, 9, 20, tzinfo=UTC)
    times = [begin + timedelta(minutes=30 * n) for n in range(40 * 48)]

    def work(tx: LedgerTransaction) -> None:
        for n, at in enumerate(times):
            charge(tx, at, n + 1)

    await ledger.run(work)
    expected: Counter[date] = Counter()
    for n, at in enumerate(times):
        expected[day_of(at, site)] += n + 1
    first, last = date(2026, 9, 22), date(2026, 10, 27)
    found = await ledger.read(lambda tx: read_spending(tx, FUND, first, last, site))
    assert found == {day: amount for day, amount in expected.items() if first <= day <= last}


async def test_sales_by_version_of_the_tariff(ledger: DatabaseLedger) -> None:
    """What was charged from an instant to before another, of all accounts but one."""
    for work in (install(), install(SECOND), use(100, "flat"), use(250, "peak")):
        await ledger.run(work)
    await ledger.run(use(40, "flat", SECOND, A_102))

    def open_accounts(tx: LedgerTransaction) -> None:
        for account in (A_101, A_102):
            tx.put(Tenancy(account=account, name="", opened_at=NOON))

    await ledger.run(open_accounts)

    async def sales(since: datetime, until: datetime, but: AccountNumber | None) -> object:
        return await ledger.read(lambda tx: tx.sales(since, until, but))

    mine = Spending(
        energy_wh=350,
        amount=Amount(energy_cost(100, PRICES["flat"]) + energy_cost(250, PRICES["peak"])),
    )
    both = Spending(energy_wh=390, amount=Amount(mine.amount + energy_cost(40, PRICES["flat"])))
    version = ("Retail", date(2026, 1, 1), 1)
    whole = (NOON - HOUR, NOON + 9 * HOUR)
    assert await sales(*whole, None) == {version: both}
    assert await sales(*whole, A_102) == {version: mine}
    assert await sales(NOON + 9 * HOUR, NOON + 10 * HOUR, None) == {}
    assert await sales(NOON - HOUR, NOON, None) == {}

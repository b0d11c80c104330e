"""Snapshots and restoring: whatever happens to the file, nothing acknowledged is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
import shutil
import sqlite3
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from hypothesis import given, strategies as st
import pytest

from benchmarks.stage.big_book import SITE as BIG_SITE, write_big_book
from custom_components.compere_prepaid.adapters.ledger_checker.anchors import Anchor, find_anchor
from custom_components.compere_prepaid.adapters.ledger_checker.apart import LARGE
from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.adapters.ledger_safe import snapshots as snapshots_module
from custom_components.compere_prepaid.adapters.ledger_safe.files import check_file
from custom_components.compere_prepaid.adapters.ledger_safe.lost import Rebooked, rebook
from custom_components.compere_prepaid.adapters.ledger_safe.restoring import (
    Restored,
    confirm_restoration,
    restoration,
    restore,
)
from custom_components.compere_prepaid.adapters.ledger_safe.snapshots import (
    DAILY,
    MONTHLY,
    Snapshot,
    kept,
    snapshots,
    take_snapshot,
)
from custom_components.compere_prepaid.backup import async_post_backup, async_pre_backup
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.errors import (
    InvalidInputError,
    OperationFailedError,
)
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.accounts import Fund, deposit_of, tenant
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    OrderState,
    PaymentNotice,
    PayOrder,
    ProviderRefund,
    ProviderTxn,
    SuspenseAssignment,
)
from custom_components.compere_prepaid.core.ledger.records import (
    HoldKind,
    TermKind,
    TransferCode,
)
from custom_components.compere_prepaid.core.payment.cash_desk import CashDesk
from custom_components.compere_prepaid.core.payment.refunding import PayerRefunds, RefundRequest
from custom_components.compere_prepaid.core.payment.suspense import Suspense
from custom_components.compere_prepaid.core.prepayment.debt_desk import DebtTerms
from custom_components.compere_prepaid.core.prepayment.rerating import RerateRequest
from custom_components.compere_prepaid.safekeeping import (
    async_notice_backup,
    async_restore,
    async_snapshot,
)
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.adapters.ledger_books import SITE, open_book, opened, top_up
from tests.core.prepayment.desk import CNY, METER, OTHER, SHOP, Desk, money
from tests.payment.paper import PaperBank
from tests.payment.till import Till
from tests.site_fixtures import MONDAY_NOON, one_line_mall, running_site
from tests.tampering import tamper

TODAY = date(2026, 3, 2)
LATER = datetime(2026, 3, 3, 12, tzinfo=UTC)
NEXT = AccountNumber("B-202")
BROKEN = "UPDATE account SET cr = cr + 1 WHERE id = 'liability:tenant:A-101:electricity'"
"""A book that its check refuses, but that can be read."""


# Snapshots


async def test_snapshot_of_a_busy_ledger(tmp_path: Path) -> None:
    """A night's copy is a good book of its own, made while money is booked."""
    folder = tmp_path / "snapshots"
    async with opened(tmp_path / "mall.db") as ledger:
        await ledger.run(top_up("before", 1))

        async def business() -> None:
            for number in range(200):
                await ledger.run(top_up(f"desk-{number}", 1))

        taken, _ = await asyncio.gather(
            take_snapshot(tmp_path / "mall.db", SITE, folder, TODAY), business()
        )
        assert taken == Snapshot(TODAY, folder / "mall-2026-03-02.db")
        found = await check_file(taken.path, SITE)
        assert found.ok
        assert 1 <= found.transfers <= 201
        again = await take_snapshot(tmp_path / "mall.db", SITE, folder, TODAY)
        assert (await check_file(again.path, SITE)).transfers == 201
    assert [path.name for path in folder.iterdir()] == ["mall-2026-03-02.db"]


async def test_faulty_copy_does_not_count(tmp_path: Path) -> None:
    """A bad night costs no good snapshot."""
    path, folder = tmp_path / "mall.db", tmp_path / "snapshots"
    async with opened(path) as ledger:
        await ledger.run(top_up("1", 1))
    good = await take_snapshot(path, SITE, folder, TODAY)
    tamper(path, "UPDATE transfer SET user = 'nobody'")
    with pytest.raises(OperationFailedError) as refused:
        await take_snapshot(path, SITE, folder, TODAY + timedelta(days=1))
    assert refused.value.key == "snapshot_faulty"
    assert "was changed after it was booked" in refused.value.placeholders["fault"]
    with pytest.raises(OperationFailedError):
        await take_snapshot(path, SITE, folder, TODAY)
    assert [one.path for one in snapshots(folder, "mall")] == [good.path]
    assert (await check_file(good.path, SITE)).ok
    assert list(folder.iterdir()) == [good.path]


async def test_snapshot_never_fills_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the ledger needs to go on is left free."""
    path, folder = tmp_path / "mall.db", tmp_path / "snapshots"
    async with opened(path):
        pass
    monkeypatch.setattr(snapshots_module, "_RESERVE_BYTES", 2**60)
    with pytest.raises(OperationFailedError) as refused:
        await take_snapshot(path, SITE, folder, TODAY)
    assert refused.value.key == "snapshot_no_space"
    assert not list(folder.iterdir())


async def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """The error says why."""
    async with opened(tmp_path / "mall.db"):
        pass
    (tmp_path / "snapshots").touch()
    with pytest.raises(OperationFailedError) as refused:
        await take_snapshot(tmp_path / "mall.db", SITE, tmp_path / "snapshots", TODAY)
    assert refused.value.key == "snapshot_not_written"


async def test_what_a_power_cut_left_is_cleared(tmp_path: Path) -> None:
    """Half a copy of another night is no snapshot, and goes."""
    folder = tmp_path / "snapshots"
    folder.mkdir()
    (folder / "mall-2026-03-01.db.part").write_bytes(b"half")
    (folder / "mall-2026-13-01.db").write_bytes(b"of no day")
    async with opened(tmp_path / "mall.db"):
        pass
    taken = await take_snapshot(tmp_path / "mall.db", SITE, folder, TODAY)
    assert not (folder / "mall-2026-03-01.db.part").exists()
    assert snapshots(folder, "mall") == [taken]


@pytest.mark.slow
async def test_large_file_is_checked_apart(tmp_path: Path) -> None:
    """The copy of a large book does not keep this process busy."""
    path = tmp_path / "large.db"
    write_big_book(path, meters=30, days=30)
    found = await check_file(path, BIG_SITE)
    assert found.ok
    assert found.transfers > LARGE


def test_seven_days_and_twelve_months_are_kept(tmp_path: Path) -> None:
    """Years of nights, one after the other, as they come."""
    present: set[Snapshot] = set()
    for number in range(800):
        present.add(Snapshot(date(2024, 1, 1) + timedelta(days=number), tmp_path / str(number)))
        present = kept(present)
    days = sorted(snapshot.day for snapshot in present)
    assert days[-DAILY:] == [date(2026, 3, day) for day in range(4, 11)]
    assert days[: MONTHLY - 1] == [
        date(2025, 4, 30), date(2025, 5, 31), date(2025, 6, 30), date(2025, 7, 31),
        date(2025, 8, 31), date(2025, 9, 30), date(2025, 10, 31), date(2025, 11, 30),
        date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28),
    ]  # fmt: skip
    assert len(days) == DAILY + MONTHLY - 1


@given(st.sets(st.dates(date(2020, 1, 1), date(2026, 1, 1)), max_size=60))
def test_the_latest_is_always_kept(days: set[date]) -> None:
    """However irregular they are: the latest stay, and keeping twice keeps the same."""
    present = {Snapshot(day, Path(str(day))) for day in days}
    stay = kept(present)
    assert stay == kept(stay)
    assert sorted(present)[-DAILY:] == sorted(stay)[-DAILY:]
    assert len(stay) <= DAILY + MONTHLY


# Restoring


async def _yesterday(desk: Desk) -> None:
    """Do business up to the snapshot."""
    await desk.shop("300", rates="Flat", meters=(METER, OTHER))
    await desk.debts.add_debt(
        SHOP, "lamps", money(90), DebtTerms(instalment=money(3), per="day"), reason="lamps"
    )
    await desk.debts.add_debt(SHOP, "old bill", money(60), DebtTerms(ppm=250_000), reason="2025")
    await _use(desk, 1)
    await desk.cashier.top_up([SHOP], money(20), reference="early")
    await desk.refunds.reserve(SHOP, money(5), reference="long", reason="asked")
    till = Till(desk, PaperBank(desk.clock.now()))
    for key in ("paid early", "paid today", "never paid"):
        await till.order(50, key)
    await till.pay("paid early")
    await desk.charging.settle_all("evening")


async def _today(desk: Desk) -> None:
    """Do business that the snapshot does not know."""
    await _use(desk, 2)
    await desk.cashier.top_up([SHOP], money(200), reference="r1", user="anna")
    await desk.cashier.top_up([SHOP], money(30), reference="r2", user="anna", fund=Fund.SERVICE)
    await desk.cashier.top_up([SHOP], money(80), reference="wrong", user="anna")
    await desk.refunds.reverse_top_up(SHOP, "wrong", reason="typed twice", user="anna")
    await desk.cashier.adjust(SHOP, money("-1.25"), reason="lost card", reference="card")
    await desk.refunds.take_deposit(SHOP, money(500), reference="dep")
    await desk.refunds.resolve(SHOP, "long", paid=True)
    await desk.refunds.reserve(SHOP, money(7), reference="open", reason="asked")
    await desk.agreements.set_credit_limit([SHOP], money(15), "anna")
    await desk.write(
        {"name": "Later", "valid_from": "2026-01-01", "prices": {"flat": Decimal("0.9")}}
    )
    hold = HoldKind.MAINTENANCE
    await desk.agreements.place_hold([OTHER], hold, user="anna", reason="new fuse")
    till = Till(desk, PaperBank(desk.clock.now()))
    till.numbers = count(100)
    await till.order(40, "ordered today")
    for key in ("paid today", "ordered today"):
        await till.pay(key)
    await till.pay("nobody's")
    await till.pay("hers")
    await Suspense(desk.book).assign("paper", "txn of hers", SHOP, reason="asked", user="anna")
    refunds = PayerRefunds(desk.book, {"paper": till.provider})
    await refunds.refund(
        RefundRequest(
            account=SHOP,
            amount=money(3),
            provider="paper",
            txn="txn of paid today",
            reference="back",
            reason="asked",
        )
    )
    await _use(desk, 3)
    await desk.charging.settle_all("noon")


async def _use(desk: Desk, hours: int) -> None:
    for _ in range(hours):
        desk.clock.forward(hours=1)
        await _read(desk)


async def _read(desk: Desk) -> None:
    wh = int(desk.clock.monotonic()) * 2
    for serial in (METER, OTHER):
        await desk.read(wh, serial)
    await desk.charging.settle_all("reading")


async def _restored(
    path: Path, snapshot: Path, at: datetime = LATER
) -> tuple[Restored, Rebooked, Desk]:
    """Restore a desk's ledger, and open the desk on it."""
    done = await restore(path, "mall", snapshot, user="boss", at=at)
    desk = Desk(path)
    desk.clock.time = at
    await desk.open()
    booked = await desk.ledger.run(lambda tx: rebook(tx, done.lost, at))
    return done, booked, desk


async def _reopen(desk: Desk) -> None:
    """Load the shop as a start of the program does."""
    await desk.shop("300", rates="Flat", meters=(METER, OTHER))


class Story:
    """A book with a snapshot of yesterday, and the same book undamaged as the control."""

    def __init__(self, folder: Path) -> None:
        """Use `write`."""
        self.path = folder / "mall.db"
        self.control = folder / "control.db"
        self.snapshot = folder / "snapshots" / "mall-2026-03-02.db"
        self.receipts: dict[str, str] = {}
        self.time = LATER

    async def write(self) -> None:
        """Write it."""
        desk = await Desk(self.path).open()
        await _yesterday(desk)
        await take_snapshot(self.path, "mall", self.snapshot.parent, TODAY)
        await self._anchor(desk, "yesterday")
        await _today(desk)
        await self._anchor(desk, "today")
        self.time = desk.clock.time
        await desk.ledger.close()
        shutil.copy(self.path, self.control)

    async def _anchor(self, desk: Desk, name: str) -> None:
        head = await desk.ledger.read(lambda tx: tx.head())
        self.receipts[name] = f"{head.seq}-{head.hash[:12]}"


@pytest.fixture
async def story(tmp_path: Path) -> Story:
    """Write the story into files."""
    story = Story(tmp_path)
    await story.write()
    return story


async def _balance(desk: Desk, account: str) -> int:
    return await desk.ledger.read(lambda tx: tx.balance(account))


async def _proved(desk: Desk, anchor: str) -> Anchor:
    return await desk.ledger.examine(lambda rows, site: find_anchor(rows, site, anchor))


def _people(path: Path) -> dict[str, tuple[Any, ...]]:
    """Return what people booked: all but what readings and the calendar make."""
    columns = 'id, debit, credit, amount, code, kind, source, "user", reason, effective_at'
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute(
            f"SELECT {columns} FROM transfer WHERE code NOT IN ('charge', 'tax')"  # noqa: S608  -- ours
            " AND NOT (code = 'debt_recovery' AND id LIKE 'debt:A-101:%')"
        )
        return {row[0]: row for row in rows}


@pytest.mark.parametrize("damage", ["totals", "log lost"])
async def test_nothing_acknowledged_is_lost(
    story: Story, damage: str, figure: Callable[[str], None]
) -> None:
    """Snapshot, business, damage, restore: the same money as if nothing had happened."""
    if damage == "totals":
        tamper(story.path, BROKEN)
    else:  # the main file is that of the snapshot's time, its log is all that has the rest
        _put_all_into_the_log(story)
    at = story.time + timedelta(minutes=10)
    done, booked, desk = await _restored(story.path, story.snapshot, at)
    assert done.lost.complete
    assert booked.by_hand == ()
    assert (booked.documents, booked.terms, booked.holds) == (1, 1, 1)
    assert _people(story.path) == _people(story.control)
    await _reopen(desk)
    control = Desk(story.control)
    control.clock.time = at
    await control.open()
    await _reopen(control)
    for each in (desk, control):
        each.clock.forward(hours=1)
        await _read(each)
        await each.charging.on_clock()
    for name in (
        *(tenant(SHOP), tenant(SHOP, Fund.SERVICE), deposit_of(SHOP)),
        *("asset:debt:A-101:old bill", "asset:debt:A-101:lamps", "asset:cash"),
    ):
        assert await _balance(desk, name) == await _balance(control, name), name
    assert await desk.verified() == await control.verified()
    held = await desk.ledger.read(lambda tx: [hold.kind for hold in tx.holds(OTHER)])
    assert held == [HoldKind.MAINTENANCE]
    for kind in (PayOrder, ProviderTxn, PaymentNotice, SuspenseAssignment, ProviderRefund):
        rows = [await one.ledger.read(lambda tx: tx.rows(kind)) for one in (desk, control)]  # noqa: B023  -- at once
        assert rows[0] == rows[1] != ()
    assert desk.book.account(SHOP).credit_limit == money(15)
    again = await desk.cashier.top_up([SHOP], money(200), reference="r1", user="anna")
    assert again[SHOP].replayed
    for each in (desk, control):
        await each.ledger.close()
    figure(f"restored ({damage}): {len(booked.transfers)} transfers booked again, 0 lost")


def _put_all_into_the_log(story: Story) -> None:
    """Leave the old book with a log that was never taken in, as after a power cut."""
    with closing(sqlite3.connect(story.path, isolation_level=None)) as raw:
        raw.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
        for (name,) in raw.execute(
            "SELECT name FROM sqlite_master WHERE type='trigger'"
        ).fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(BROKEN)
    assert story.path.with_name("mall.db-wal").stat().st_size > 0


async def test_what_is_kept_and_said(story: Story) -> None:
    """The old files lie aside, whole; the book says that it was restored, until it is confirmed."""
    tamper(story.path, BROKEN)
    done, _, desk = await _restored(story.path, story.snapshot)
    assert done.aside == story.path.with_name("mall.db.before-restore-20260303T120000Z")
    assert not (await check_file(done.aside, "mall")).ok
    assert done.anchor == story.receipts["yesterday"]
    assert story.snapshot.exists()
    waiting = await desk.ledger.read(restoration)
    assert waiting is not None
    assert waiting.name == "mall-2026-03-02.db"
    await desk.ledger.run(lambda tx: confirm_restoration(tx, "boss", LATER))
    assert await desk.ledger.read(restoration) is None
    assert (await desk.ledger.verify()).ok
    await desk.ledger.close()


async def test_rebooking_twice_changes_nothing(story: Story) -> None:
    """Whoever does it again finds it done."""
    done, booked, desk = await _restored(story.path, story.snapshot)
    head = await desk.ledger.read(lambda tx: tx.head())
    again = await desk.ledger.run(lambda tx: rebook(tx, done.lost, LATER))
    assert again.transfers == booked.transfers
    assert (again.documents, again.terms, again.holds) == (0, 0, 0)
    assert await desk.ledger.read(lambda tx: tx.head()) == head
    await desk.ledger.close()


async def test_a_count_of_the_desk_is_made_again(tmp_path: Path) -> None:
    """It speaks of places in a chain that is another one: who counted is told so."""
    path = tmp_path / "mall.db"
    desk = await Desk(path).open()
    await desk.shop("0")
    snapshot = await take_snapshot(path, "mall", tmp_path / "snapshots", TODAY)
    await desk.cashier.top_up([SHOP], money(20), reference="r1", user="anna")
    count = await CashDesk(desk.ledger, desk.clock, CNY).close(money(19), user="anna")
    assert count.close.difference == money(-1)
    await desk.ledger.close()
    _, booked, desk = await _restored(path, snapshot.path)
    assert [request.id for request in booked.transfers] == ["top:r1:A-101"]
    assert {request.id.split(":")[0] for request in booked.by_hand} == {"close"}
    assert (await desk.ledger.verify()).ok
    await desk.ledger.close()


async def test_old_book_that_is_gone(story: Story) -> None:
    """Receipts tell what is missing: those whose anchor lies behind the end of the book."""
    story.path.unlink()
    done, booked, desk = await _restored(story.path, story.snapshot)
    assert done.aside is None
    assert not done.lost.complete
    assert booked.transfers == ()
    proved = {name: await _proved(desk, anchor) for name, anchor in story.receipts.items()}
    assert proved == {"yesterday": Anchor.STANDS, "today": Anchor.MISSING}
    assert (await desk.ledger.verify()).ok
    await desk.ledger.close()


async def test_old_book_in_ruins_is_believed_as_far_as_it_holds(story: Story) -> None:
    """Of a chain that breaks, what lies before the break is booked again, and nothing behind."""
    tamper(story.path, "UPDATE transfer SET amount = amount * 10 WHERE id = 'top:r2:A-101'")
    done, booked, desk = await _restored(story.path, story.snapshot)
    assert not done.lost.complete
    names = [request.id for request in booked.transfers]
    assert names[0] == "top:r1:A-101"
    assert "top:r2:A-101" not in names
    assert "adj:card:A-101" not in names
    assert (await desk.ledger.verify()).ok
    orders = await desk.ledger.read(lambda tx: tx.rows(PayOrder))
    assert {order.key: order.state for order in orders} == {
        "paid early": OrderState.PAID,
        "paid today": OrderState.CLOSING,  # its payment is behind the break: it is asked for
        "ordered today": OrderState.CLOSING,
        "never paid": OrderState.NEW,
    }
    await desk.ledger.close()


async def test_payments_that_cannot_be_read(story: Story) -> None:
    """What went through a provider is left to a person: without its row it would be a fault."""
    with closing(sqlite3.connect(story.path)) as raw:
        raw.execute("DROP TABLE provider_refund")
    done, booked, desk = await _restored(story.path, story.snapshot)
    assert not done.lost.complete
    by_hand = {request.id.partition(":")[0] for request in booked.by_hand}
    assert {"pay", "asg", "rfd"} <= by_hand
    assert "top:r1:A-101" in {request.id for request in booked.transfers}
    verified = await desk.ledger.verify()
    assert verified.ok, verified.faults
    await desk.ledger.close()


async def test_damaged_pages(story: Story) -> None:
    """A file that cannot be read at all is moved aside; the restored one is whole."""
    _overwrite(story.path)
    done, booked, desk = await _restored(story.path, story.snapshot)
    assert not done.lost.complete
    assert booked.transfers == ()
    assert done.aside is not None
    assert (await desk.ledger.verify()).ok
    await desk.ledger.close()


def _overwrite(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[: len(content) // 2] = bytes(len(content) // 2)
    path.write_bytes(content)


async def test_other_book_is_not_believed(story: Story, tmp_path: Path) -> None:
    """A file that is no continuation of the snapshot gives nothing to book again."""
    story.path.unlink()
    desk = Desk(story.path)
    desk.clock.forward(hours=5)
    await desk.open()
    await desk.shop("300")
    await desk.cashier.top_up([SHOP], money(5), reference="elsewhere")
    await desk.ledger.close()
    done, booked, desk = await _restored(story.path, story.snapshot)
    assert not done.lost.complete
    assert booked.transfers == ()
    await desk.ledger.close()


async def test_crash_between_the_moves(story: Story) -> None:
    """The old file was moved aside, the new one not yet in place: doing it again goes on."""
    aside = story.path.with_name("mall.db.before-restore-20260303T110000Z")
    story.path.rename(aside)
    done, booked, desk = await _restored(story.path, story.snapshot)
    assert done.aside == aside
    assert done.lost.complete
    assert len(booked.transfers) > 8
    assert _people(story.path) == _people(story.control)
    await desk.ledger.close()


async def test_what_hangs_together_is_told(story: Story) -> None:
    """A move, a new debt, a correction: to be done again by people, not row by row."""
    desk = Desk(story.path)
    desk.clock.time = story.time
    await desk.open()
    await _reopen(desk)
    await desk.open_other(NEXT, "100")
    await desk.debts.add_debt(NEXT, "fee", money(10), DebtTerms(ppm=500_000), reason="fee")
    await desk.cashier.top_up([NEXT], money(10), reference="n1")
    await desk.write(
        {
            "name": "Flat",
            "valid_from": "2020-01-01",
            "revision": 2,
            "prices": {"flat": Decimal(2)},
        }
    )
    request = RerateRequest(
        run="dear",
        since=desk.clock.time - timedelta(hours=4),
        until=desk.clock.time,
        reason="too cheap",
        user="anna",
    )
    assert (await desk.rerater.rerate(SHOP, request)).difference > 0
    await desk.moves.move_out(NEXT, user="anna")
    await desk.ledger.close()
    _, booked, desk = await _restored(story.path, story.snapshot, story.time)
    assert {request.id for request in booked.by_hand} == {
        "debt:B-202:fee:+0",
        "debt:fee:top:n1:B-202",
        "cor:dear:A-101",
        "end:B-202:debt:fee",
        "end:B-202:refund",
    }
    assert "opening:B-202" in {request.id for request in booked.transfers}
    found = await desk.ledger.verify()
    assert found.faults == ()
    await desk.open_other(NEXT, "100")
    assert await desk.ledger.read(lambda tx: tx.balance(tenant(NEXT))) == money(110)
    term = await desk.ledger.read(lambda tx: tx.term(NEXT, TermKind.TARIFF, LATER))
    assert term is not None
    await desk.ledger.close()


async def test_snapshot_that_is_no_good_is_not_restored(story: Story) -> None:
    """Nothing is touched before the snapshot was checked."""
    before = _bytes(story.path)
    missing = story.snapshot.with_name("none.db")
    with pytest.raises(InvalidInputError, match="snapshot_missing"):
        await restore(story.path, "mall", missing, user="boss", at=LATER)
    with pytest.raises(OperationFailedError, match="snapshot_faulty"):
        await restore(story.path, "another mall", story.snapshot, user="boss", at=LATER)
    tamper(story.snapshot, BROKEN)
    with pytest.raises(OperationFailedError, match="snapshot_faulty"):
        await restore(story.path, "mall", story.snapshot, user="boss", at=LATER)
    assert _bytes(story.path) == before
    assert not list(story.path.parent.glob("*restor*"))


async def test_file_of_two_sites_is_not_restored(tmp_path: Path) -> None:
    """What is right for one site would be a loss for the other."""
    path = tmp_path / "mall.db"
    for site in ("one", "two"):
        ledger = await open_book(path, site)
        await ledger.run(top_up("1", 1))
        await ledger.close()
    taken = await take_snapshot(path, "one", tmp_path / "snapshots", TODAY)
    with pytest.raises(InvalidInputError, match="restore_shared_ledger"):
        await restore(path, "one", taken.path, user="boss", at=LATER)


async def test_folder_that_cannot_be_written_to(story: Story) -> None:
    """The error says so; the ledger stays where it is."""
    story.path.with_name("mall.db.restoring").mkdir()
    with pytest.raises(OperationFailedError, match="restore_failed"):
        await restore(story.path, "mall", story.snapshot, user="boss", at=LATER)
    assert story.path.exists()


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


def test_codes_are_all_thought_of() -> None:
    """A new reason for a transfer must be put among those that are done again, or not."""
    assert {code.value for code in TransferCode} == {
        *("opening", "top_up", "adjustment", "refund", "reversal", "deposit"),
        *("charge", "standing", "service", "minimum", "demand", "tax"),
        *("debt", "debt_recovery", "correction", "carry_over", "rounding"),
        *("suspense", "gateway_fee", "payout", "cash_difference", "allocation"),
    }


# In Home Assistant


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Let a small mall run."""
    async with one_line_mall(1) as mall:
        yield mall


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run a site over it, with a configuration folder of its own."""
    hass.config.config_dir = str(tmp_path)
    async with running_site(hass, mall, tmp_path) as site:
        yield site


def _snapshot_issue(hass: HomeAssistant) -> dict[str, str] | None:
    for issue in ir.async_get(hass).issues.values():
        if issue.domain == DOMAIN and issue.translation_key == "snapshot_failed":
            return issue.translation_placeholders
    return None


async def test_site_is_restored(hass: HomeAssistant, site: CompereSite) -> None:
    """Snapshot, a payment, a damaged file, restore: the site runs again, the payment is there."""
    (number,) = site.accounts
    taken = await async_snapshot(site)
    assert taken is not None
    assert taken.day == MONDAY_NOON.date()
    await site.cashier.top_up([number], money(50), reference="r1")
    assert await hass.config_entries.async_unload(site.entry.entry_id)
    path = Path(site.entry.data["ledger"])
    tamper(path, "UPDATE account SET cr = cr + 1 WHERE id LIKE 'liability:tenant:%'")
    assert await hass.config_entries.async_setup(site.entry.entry_id)
    assert not (await site.entry.runtime_data.ledger.verify()).ok
    done = await async_restore(hass, site.entry, taken.path.name, "boss")
    assert done.verification.ok
    assert done.restored.lost.complete
    assert [request.id for request in done.rebooked.transfers] == [f"top:r1:{number}"]
    assert site.entry.state is ConfigEntryState.LOADED
    running: CompereSite = site.entry.runtime_data
    assert running.ledger.refusal is None
    balance = await running.ledger.read(lambda tx: tx.balance(tenant(number)))
    assert balance == money(250)
    assert await running.ledger.read(restoration) is not None


async def test_only_snapshots_are_restored(hass: HomeAssistant, site: CompereSite) -> None:
    """A name leads to no other file; the site goes on."""
    for name in ("../../ledger.db", "ledger.db", ""):
        with pytest.raises(InvalidInputError, match="snapshot_missing"):
            await async_restore(hass, site.entry, name, "boss")
    assert site.entry.state is ConfigEntryState.LOADED


async def test_failed_snapshot_is_an_issue(
    hass: HomeAssistant, site: CompereSite, tmp_path: Path
) -> None:
    """A person hears of it, until a night is good again."""
    blocked = tmp_path / DOMAIN / "snapshots"
    blocked.parent.mkdir(exist_ok=True)
    blocked.touch()
    assert await async_snapshot(site) is None
    told = _snapshot_issue(hass)
    assert told is not None
    assert str(blocked) in told["error"]
    blocked.unlink()
    assert await async_snapshot(site) is not None
    assert _snapshot_issue(hass) is None


async def test_read_only_ledger_is_not_copied(hass: HomeAssistant, site: CompereSite) -> None:
    """A book that failed its check does not push a good snapshot out."""
    site.ledger.make_read_only("test")
    assert await async_snapshot(site) is None
    assert _snapshot_issue(hass) is None


async def test_ledger_out_of_a_backup_is_noticed(
    hass: HomeAssistant, site: CompereSite, tmp_path: Path
) -> None:
    """Whoever starts from a backup is told that payments may be missing, without being asked."""
    ledger = site.ledger
    assert isinstance(ledger, DatabaseLedger)
    assert ledger.path is not None
    copy = tmp_path / "restored"
    await async_pre_backup(hass)
    assert not await async_notice_backup(hass, ledger)  # a reload meanwhile is no restoration
    await hass.async_add_executor_job(_copy_all, ledger.path, copy)
    await async_post_backup(hass)
    assert not await async_notice_backup(hass, ledger)
    assert await ledger.read(restoration) is None
    restored = await open_book(copy / ledger.path.name, site.key)
    assert await async_notice_backup(hass, restored)
    waiting = await restored.read(restoration)
    assert waiting is not None
    assert waiting.name == "backup"
    assert not await async_notice_backup(hass, restored)
    assert (await restored.verify()).ok
    await restored.close()


def _copy_all(ledger: Path, folder: Path) -> None:
    folder.mkdir()
    for path in ledger.parent.glob(f"{ledger.name}*"):
        shutil.copy(path, folder)

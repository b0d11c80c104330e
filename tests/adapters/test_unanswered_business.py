"""A commit that nobody answered: the program goes on from what the ledger says, by itself.

The server is a real PostgreSQL behind a wire that is cut around a commit and stays cut, longer than
an answer is waited for. Whether the commit was kept is known only when the server is back.
"""

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal

import pytest

from custom_components.compere_prepaid.adapters.ledger_database import writing
from custom_components.compere_prepaid.core.errors import OperationFailedError
from custom_components.compere_prepaid.core.ledger.records import HoldKind
from tests.adapters.cutting_proxy import Cut, CuttingProxy, cutting_proxy
from tests.adapters.postgresql_server import PostgresqlServer
from tests.core.prepayment.desk import METER, SHOP, Desk, money

CUTS = pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER], ids=lambda cut: cut.name.lower())


@pytest.fixture
def proxy(server: PostgresqlServer, socket_enabled: None) -> Iterator[CuttingProxy]:
    """Put a wire that can be cut between the ledger and its server."""
    with cutting_proxy(server.port) as proxy:
        yield proxy


@pytest.fixture
async def desk(
    server: PostgresqlServer, proxy: CuttingProxy, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """Open a desk by that wire, at which an answer is not waited for long."""
    monkeypatch.setattr(writing, "_ANSWER_WITHIN_S", 0.5)
    server.emptied()
    desk = await Desk(server.url("postgres", proxy.port)).open()
    yield desk
    proxy.refuses = False
    await desk.ledger.close()


def cut_off(proxy: CuttingProxy, cut: Cut) -> None:
    """Let the next commit be cut, and nobody come through afterwards."""
    proxy.cut, proxy.stays_cut = cut, True


@CUTS
async def test_charges_go_on_behind_a_lost_answer(
    desk: Desk, proxy: CuttingProxy, cut: Cut
) -> None:
    """What was posted unheard is not charged twice, what came later is not skipped."""
    await desk.shop("100")
    await desk.read(0)
    desk.clock.forward(minutes=10)
    await desk.read(1000)
    cut_off(proxy, cut)
    with pytest.raises(OperationFailedError, match="ledger_unanswered"):
        await desk.cashier.top_up([SHOP], money(5), reference="r")
    desk.clock.forward(minutes=1)
    with pytest.raises(OperationFailedError, match="ledger_unavailable"):
        await desk.read(1100)  # it would catch up, and cannot yet
    proxy.refuses = False
    desk.clock.forward(minutes=1)
    await desk.read(1250)
    paid = 5 if cut is Cut.AFTER else 0
    assert desk.balance == 100 + paid - Decimal("1.25")
    done = (await desk.cashier.top_up([SHOP], money(5), reference="r"))[SHOP]
    assert done.replayed is (cut is Cut.AFTER)
    desk.clock.forward(minutes=1)
    await desk.read(1300)
    await desk.charging.settle_all("test")
    assert desk.balance == 105 - Decimal("1.30")
    assert await desk.verified() == (1300, 1300)


@CUTS
async def test_relay_follows_a_cut_that_was_committed_unheard(
    desk: Desk, proxy: CuttingProxy, cut: Cut
) -> None:
    """The demand is handed on with the next reading, however it came into the book."""
    await desk.shop("1")
    await desk.read(0)
    desk.clock.forward(minutes=10)
    cut_off(proxy, cut)
    with pytest.raises(OperationFailedError, match="ledger_unanswered"):
        await desk.read(1500)
    assert desk.demands == []
    proxy.refuses = False
    desk.clock.forward(minutes=1)
    await desk.read(1500)
    assert desk.demands[-1].closed is False
    assert desk.book.meter(METER).holds == (HoldKind.NO_CREDIT,)
    assert await desk.verified() == (1500, 1500)


@CUTS
async def test_hold_that_was_placed_unheard(desk: Desk, proxy: CuttingProxy, cut: Cut) -> None:
    """Who asks again for maintenance gets it; the relay opens in any case."""
    await desk.shop("100")
    await desk.read(0)
    cut_off(proxy, cut)
    place = desk.agreements.place_hold
    with pytest.raises(OperationFailedError, match="ledger_unanswered"):
        await place([METER], HoldKind.MAINTENANCE, user="joe", reason="work")
    proxy.refuses = False
    await place([METER], HoldKind.MAINTENANCE, user="joe", reason="work")
    desk.clock.forward(minutes=1)
    await desk.read(10)
    assert desk.demands[-1].closed is False
    await desk.verified()


@CUTS
async def test_register_that_was_opened_unheard(desk: Desk, proxy: CuttingProxy, cut: Cut) -> None:
    """The first reading counts if its commit was kept; else the second one is the first."""
    await desk.shop("100")
    cut_off(proxy, cut)
    with pytest.raises(OperationFailedError, match="ledger_unanswered"):
        await desk.read(1000)
    proxy.refuses = False
    desk.clock.forward(minutes=10)
    await desk.read(3000)
    await desk.charging.settle_all("test")
    used = 2000 if cut is Cut.AFTER else 0
    assert await desk.verified() == (used, used)

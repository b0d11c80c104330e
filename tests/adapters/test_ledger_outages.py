"""The server, or the way to it, is gone in the middle of business: nothing lost, nothing twice.

The worst moment is the commit. The wire is cut before the server sees it, and after the server did
it but before it could say so; the server is killed at any moment. The controls do without what
makes that harmless, and are expected to fail.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
import random
import signal
import time

import pytest

from custom_components.compere_prepaid.adapters.ledger_database import writing
from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.adapters.ledger_database.writing import Writer
from custom_components.compere_prepaid.core.errors import LedgerReadOnlyError, OperationFailedError
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from tests.adapters.cutting_proxy import Cut, CuttingProxy, cutting_proxy
from tests.adapters.ledger_books import (
    YUAN,
    Work,
    balance,
    install,
    meddle,
    open_book,
    opened,
    refusal,
    shown,
    top_up,
    use,
    write_tariff,
)
from tests.adapters.postgresql_server import PostgresqlServer, postgresql_server
from tests.adapters.posting_process import step

CUTS = 60
KILLS = 30


@pytest.fixture
def engine() -> str:
    """Keep all books of these tests in PostgreSQL."""
    return "postgresql"


@pytest.fixture
def proxy(place: str, server: PostgresqlServer, socket_enabled: None) -> Iterator[CuttingProxy]:
    """Put a wire that can be cut between the ledger and its server."""
    with cutting_proxy(server.port) as proxy:
        yield proxy


@pytest.fixture
async def wired(
    place: str, server: PostgresqlServer, proxy: CuttingProxy
) -> AsyncIterator[DatabaseLedger]:
    """Open a book by that wire, with a tariff and an installed meter."""
    ledger = await open_book(server.url("postgres", proxy.port))
    await ledger.run(write_tariff)
    await ledger.run(install())
    yield ledger
    await ledger.close()


def charge(calls: list[int]) -> Work[None]:
    """Return work that has no id of its own: done twice, it charges twice."""

    def work(tx: LedgerTransaction) -> None:
        calls.append(1)
        use(10, "free")(tx)

    return work


async def charged(place: str) -> int:
    """Return what is charged, as a fresh reader sees it."""
    async with opened(place) as fresh:
        found = await fresh.verify()
        assert found.faults == ()
        return found.charged_wh


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER], ids=lambda cut: cut.name.lower())
async def test_wire_is_cut_at_commits(
    place: str,
    wired: DatabaseLedger,
    proxy: CuttingProxy,
    cut: Cut,
    figure: Callable[[str], None],
) -> None:
    """Each commit whose answer is lost is found out about, and done exactly once."""
    calls: list[int] = []
    for _ in range(CUTS):
        proxy.cut = cut
        await wired.run(charge(calls))
    wh = await charged(place)
    lost, doubled = max(0, CUTS - wh // 10), max(0, wh // 10 - CUTS)
    figure(f"{proxy.cuts} cuts {cut.name.lower()} the commit: {lost} lost, {doubled} doubled")
    assert (proxy.cuts, lost, doubled) == (CUTS, 0, 0)
    assert len(calls) == (2 * CUTS if cut is Cut.BEFORE else CUTS)


async def test_doing_it_again_blindly_would_double(
    place: str,
    wired: DatabaseLedger,
    proxy: CuttingProxy,
    monkeypatch: pytest.MonkeyPatch,
    figure: Callable[[str], None],
) -> None:
    """The control: without asking for the token, the same cuts do double."""
    monkeypatch.setattr(Writer, "_was_kept", lambda *_: False)
    for _ in range(5):
        proxy.cut = Cut.AFTER
        await wired.run(charge([]))
    doubled = await charged(place) // 10 - 5
    figure(f"control: done again without asking, {doubled} of 5 doubled")
    assert doubled == 5


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER], ids=lambda cut: cut.name.lower())
async def test_server_that_stays_away(
    server: PostgresqlServer,
    wired: DatabaseLedger,
    proxy: CuttingProxy,
    cut: Cut,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without an answer nothing is acknowledged; when the server is back, all goes on."""
    monkeypatch.setattr(writing, "_ANSWER_WITHIN_S", 1)
    proxy.cut, proxy.stays_cut = cut, True
    for key in ("ledger_unanswered", "ledger_unavailable"):
        error = await refusal(wired.run(top_up("a", 5)))
        assert error.key == key
        assert error.placeholders["path"] == shown(server.url("postgres", proxy.port))
    assert (await refusal(wired.read(lambda tx: tx.head()))).key == "ledger_unavailable"
    assert wired.refusal is None
    proxy.refuses = False
    posting = await wired.run(top_up("a", 5))
    assert posting.replayed is (cut is Cut.AFTER)
    assert await balance(wired) == 5 * YUAN


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER], ids=lambda cut: cut.name.lower())
async def test_site_is_taken_over_while_the_answer_is_missing(
    place: str, wired: DatabaseLedger, proxy: CuttingProxy, cut: Cut
) -> None:
    """What was kept is told as kept; what was not is not done again under a lost lease."""
    proxy.cut = cut
    proxy.meanwhile = lambda: meddle(
        place, "UPDATE chain_head SET epoch = epoch + 1, holder = 'second'"
    )
    if cut is Cut.AFTER:
        await wired.run(top_up("a", 5))
    else:
        error = await refusal(wired.run(top_up("a", 5)))
        assert isinstance(error, LedgerReadOnlyError)
        assert error.placeholders == {"holder": "second"}
    assert (await refusal(wired.run(top_up("b", 5)))).key == "ledger_taken_over"
    assert await balance(wired) == (5 * YUAN if cut is Cut.AFTER else 0)


async def test_slow_commit_is_waited_for(
    place: str, wired: DatabaseLedger, proxy: CuttingProxy, server: PostgresqlServer
) -> None:
    """A server that is still at the commit when it is asked has not refused it.

    The wire is cut while the commit is held up by a lock of somebody else.
    """
    # A deferred trigger makes the commit itself wait for a row that another program holds.
    meddle(place, "CREATE TABLE gate (open boolean); INSERT INTO gate VALUES (true)")
    meddle(
        place,
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM 1 FROM gate FOR UPDATE; RETURN NULL; END $$",
    )
    meddle(
        place,
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON charge DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION wait()",
    )
    calls: list[int] = []
    with server.connect("postgres") as other:
        other.execute("BEGIN; SELECT 1 FROM compere_prepaid.gate FOR UPDATE")
        running = asyncio.create_task(wired.run(charge(calls)))
        await asyncio.sleep(0.5)
        proxy.cut_now()
        await asyncio.sleep(0.5)
        assert not running.done()
        other.execute("COMMIT")
        await running
    assert len(calls) == 1
    assert await charged(place) == 10


# -- a server that dies --------------------------------------------------------------------------


@dataclass(slots=True)
class Business:
    """What has been acknowledged so far, and whether it goes on."""

    acknowledged: int = 0
    goes_on: bool = True


def kill_often(server: PostgresqlServer, chance: random.Random, business: Business) -> None:
    """Kill the server again and again, in the middle of business, and start it anew."""
    for _ in range(KILLS):
        before = business.acknowledged
        while business.acknowledged == before:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.1))
        server.kill(chance.choice([signal.SIGQUIT, signal.SIGKILL]))
        server.start()
    business.goes_on = False


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("socket_enabled")
async def test_server_is_killed_at_random(figure: Callable[[str], None]) -> None:
    """No kill of the server loses an acknowledged payment, doubles one, or leaves half of it."""
    chance, business = random.Random(20261125), Business()
    refused = Counter[str]()
    with postgresql_server() as server:
        ledger = await open_book(server.url("postgres"))
        await ledger.run(write_tariff)
        await ledger.run(install())
        killing = asyncio.create_task(asyncio.to_thread(kill_often, server, chance, business))
        while business.goes_on and not killing.done():
            try:
                await ledger.run(step(business.acknowledged + 1, lambda: None))
            except OperationFailedError as error:
                refused[error.key] += 1
                await asyncio.sleep(0.02)
            else:
                business.acknowledged += 1
        await killing
        number = business.acknowledged + 1
        await ledger.run(step(number, lambda: None))
        kept = [t.id for t in await ledger.read(lambda tx: tx.transfers("asset:cash", 10**6))]
        found = await ledger.verify()
        await ledger.close()
    wanted = {f"top:pay-{each}:A-101" for each in range(1, number + 1)}
    lost, doubled = len(wanted - set(kept)), len(kept) - len(set(kept))
    figure(
        f"{KILLS} kills of the server, {number - 1} acknowledged, {refused.total()} refused: "
        f"{lost} lost, {doubled} doubled"
    )
    assert (lost, doubled, len(kept)) == (0, 0, number)
    assert found.faults == ()
    assert found.charged_wh == sum(1 + each % 7 for each in range(1, number + 1))
    assert set(refused) <= {"ledger_unavailable", "ledger_unanswered"}

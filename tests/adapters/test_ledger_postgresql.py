"""What only PostgreSQL has: settings of a server, logins, other programs, conflicts."""

import asyncio
from collections.abc import Callable
from contextlib import closing
import logging

import psycopg
import pytest

from custom_components.compere_prepaid.adapters.ledger_database import postgresql
from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.errors import InvalidInputError, LedgerReadOnlyError
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.records import HoldKind
from tests.adapters.ledger_books import (
    YUAN,
    Work,
    balance,
    fill,
    install,
    meddle,
    open_book,
    opened,
    refusal,
    switch,
    top_up,
    use,
    write_tariff,
)
from tests.adapters.postgresql_server import PostgresqlServer

END_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = 'compere_prepaid'"
)


@pytest.fixture
def engine() -> str:
    """Keep all books of these tests in PostgreSQL."""
    return "postgresql"


# -- settings and logins ---------------------------------------------------------------------------


@pytest.mark.parametrize("found", ["off", "local", "remote_write"])
async def test_server_that_acknowledges_too_early_is_refused(place: str, found: str) -> None:
    """What a server may lose after it said yes is no place for money; the message says what."""
    meddle(place, f"ALTER ROLE mall SET synchronous_commit = {found}")
    try:
        error = await refusal(open_book(place))
    finally:
        meddle(place, "ALTER ROLE mall RESET synchronous_commit")
    assert error.key == "ledger_unsafe"
    assert error.placeholders["setting"] == "synchronous_commit"
    assert (error.placeholders["found"], error.placeholders["wanted"]) == (found, "on")
    await (await open_book(place)).close()


async def test_server_without_full_page_writes_is_refused(place: str) -> None:
    """A page that a power cut tore must be repairable."""
    meddle(place, "ALTER SYSTEM SET full_page_writes = off")
    meddle(place, "SELECT pg_reload_conf()")
    try:
        error = None
        for _ in range(50):  # the server takes its time
            error = await refusal(open_book(place)) if error is None else error
            await asyncio.sleep(0.1)
    finally:
        meddle(place, "ALTER SYSTEM RESET full_page_writes")
        meddle(place, "SELECT pg_reload_conf()")
    assert error is not None
    assert error.placeholders["setting"] == "full_page_writes"


async def test_engine_tells_its_version(place: str, server: PostgresqlServer) -> None:
    """Support sees which PostgreSQL it is."""
    with server.connect("postgres") as other:
        ((version,),) = other.execute("SHOW server_version").fetchall()
    async with opened(place) as ledger:
        assert ledger.engine_version == f"PostgreSQL {version.split()[0]}"
        assert ledger.path is None


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("/postgres", "/nowhere"),
        lambda url: url.replace("mall:", "mall:x"),
        lambda url: url.replace("mall:", "nobody:"),
        lambda url: url.replace("@127.0.0.1:", "@127.0.0.1:1"),
        lambda url: f"{url}?password=deep-secret",
        lambda url: f"{url}?no_such_option=deep-secret",
    ],
    ids=["database", "password", "user", "port", "password in options", "option"],
)
async def test_password_is_never_told(
    place: str,
    server: PostgresqlServer,
    change: Callable[[str], str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Errors name the place, the reason, and no secret; nor does anything that is logged."""
    caplog.set_level(logging.DEBUG)
    error = await refusal(open_book(change(place)))
    assert error.key == "ledger_unavailable"
    assert "postgresql://" in error.placeholders["path"]
    said = f"{error} {error.__cause__} {error.__cause__!r} {caplog.text}"
    for secret in (server.password, "deep-secret"):
        assert secret not in said


@pytest.mark.parametrize(
    "url",
    [
        "mysql://mall:secret@server/mall",
        "postgresql://mall:secret@server",
        "postgresql://mall:secret@server:port/mall",
        "postgresql+asyncpg://mall:secret@server/mall",
        "://secret",
    ],
)
async def test_url_that_cannot_be_used_is_refused(url: str) -> None:
    """Only PostgreSQL, only with a database's name; the message does not repeat the URL."""
    error = await refusal(open_book(url))
    assert isinstance(error, InvalidInputError)
    assert str(error) == "ledger_url_invalid"


async def test_user_who_may_not_make_anything_is_told_so(
    place: str, server: PostgresqlServer
) -> None:
    """Without the right to make tables there is no ledger, and the message says why."""
    meddle(place, "CREATE ROLE guest LOGIN PASSWORD 'guest'")
    try:
        guest = place.replace(f"mall:{server.password}", "guest:guest")
        error = await refusal(open_book(guest))
    finally:
        meddle(place, "DROP ROLE guest")
    assert error.key == "ledger_not_writable"
    assert "permission denied" in error.placeholders["error"]


# -- other programs --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfer SET amount = amount + 1",
        "DELETE FROM transfer",
        "TRUNCATE transfer CASCADE",
        "UPDATE charge SET to_wh = to_wh + 1",
        "UPDATE document SET content = ''",
        "UPDATE term SET value = ''",
        "DELETE FROM bill_mark",
        "UPDATE hold SET released_at = NULL WHERE released_at IS NOT NULL",
        "UPDATE register_generation SET closed_wh = 9999 WHERE closed_at IS NOT NULL",
        "UPDATE book SET currency = 'EUR'",
    ],
)
async def test_server_guards_history_itself(place: str, statement: str) -> None:
    """Even another program is told that history is append-only."""
    await fill(place)
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        meddle(place, statement)


async def test_other_tables_of_the_database_are_left_alone(place: str) -> None:
    """The books lie in a schema of their own: equal names elsewhere are somebody else's."""
    meddle(place, "CREATE TABLE public.transfer (note text)")
    try:
        await fill(place)
        meddle(place, "INSERT INTO public.transfer VALUES ('mine')")
    finally:
        meddle(place, "DROP TABLE public.transfer")


async def test_server_that_became_read_only_recovers(place: str) -> None:
    """A standby cannot be written; when it is one no longer, the same ledger goes on."""
    async with opened(place) as ledger:
        meddle(place, "ALTER ROLE mall SET default_transaction_read_only = on")
        meddle(place, END_ALL)
        assert (await refusal(ledger.run(top_up("a", 1)))).key == "ledger_not_writable"
        meddle(place, "ALTER ROLE mall RESET default_transaction_read_only")
        meddle(place, END_ALL)
        await ledger.run(top_up("a", 1))
        assert await balance(ledger) == YUAN


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("53100", "ledger_disk_full"),
        ("57014", "ledger_busy"),
        ("42501", "ledger_not_writable"),
        ("XX001", "ledger_damaged"),
        ("22000", "ledger_unavailable"),
        ("23514", "ledger_rule_broken"),
    ],
)
async def test_server_that_refuses_is_understood(place: str, code: str, key: str) -> None:
    """What a server says by its codes is told in ours; only damage is for good."""
    async with opened(place) as ledger:
        meddle(
            place,
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$; "
            "CREATE TRIGGER refuse BEFORE INSERT ON transfer FOR EACH ROW "
            "EXECUTE FUNCTION refuse()",
        )
        error = await refusal(ledger.run(top_up("a", 1)))
        assert error.key == key
        assert await balance(ledger) == 0
        meddle(place, "DROP TRIGGER refuse ON transfer")
        if key == "ledger_damaged":
            assert (await refusal(ledger.run(top_up("a", 1)))).key == "ledger_read_only"
        else:
            await ledger.run(top_up("a", 1))
            assert await balance(ledger) == YUAN


async def test_index_that_the_server_does_not_trust_is_a_fault(place: str) -> None:
    """The engine's own check is part of the verification."""
    await fill(place)
    meddle(
        place,
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'transfer_debit_at'::regclass",
    )
    async with opened(place) as ledger:
        assert (await ledger.verify()).faults == (
            "database: the index transfer_debit_at is not valid",
        )


# -- conflicts -------------------------------------------------------------------------------------


def disturbed(place: str, work: Work[object], times: int, calls: list[int]) -> Work[None]:
    """Return work in whose middle another program changes a row that it has read."""

    def run(tx: LedgerTransaction) -> None:
        calls.append(len(calls))
        tx.balance("asset:cash")
        if len(calls) <= times:
            meddle(place, "UPDATE account SET dr_pending = dr_pending WHERE id = 'asset:cash'")
        work(tx)

    return run


async def test_conflict_runs_the_work_again(place: str) -> None:
    """A transaction that the server refused for the sake of another is done again, as a whole."""
    async with opened(place) as ledger:
        await ledger.run(top_up("a", 1))
        calls: list[int] = []
        await ledger.run(disturbed(place, top_up("b", 2), 3, calls))
        assert len(calls) == 4
        assert await balance(ledger) == 3 * YUAN
        assert (await ledger.verify()).faults == ()


async def test_conflict_that_does_not_end_is_told(place: str) -> None:
    """Who is always in the way makes a posting fail in bounded time, and not for good."""
    async with opened(place) as ledger:
        await ledger.run(top_up("a", 1))
        calls: list[int] = []
        error = await refusal(ledger.run(disturbed(place, top_up("b", 2), 99, calls)))
        assert error.key == "ledger_busy"
        assert len(calls) == 8
        assert await balance(ledger) == YUAN
        await ledger.run(top_up("b", 2))
        assert await balance(ledger) == 3 * YUAN


async def test_row_that_stays_locked_is_told(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that holds the lease's row makes a posting fail, not hang."""
    monkeypatch.setitem(postgresql._WRITER, "lock_timeout", "100ms")
    async with opened(place) as ledger:
        with closing(psycopg.connect(place)) as other:
            other.execute("SELECT 1 FROM compere_prepaid.chain_head FOR UPDATE")
            assert (await refusal(ledger.run(top_up("a", 1)))).key == "ledger_locked"
        await ledger.run(top_up("a", 1))


async def test_sites_write_side_by_side(place: str, figure: Callable[[str], None]) -> None:
    """Several sites in one database keep their books at once; none loses or waits for good."""
    sites = ("riverside", "lakeside", "hillside")
    ledgers = [await open_book(place, site) for site in sites]

    async def business(ledger: DatabaseLedger) -> None:
        await ledger.run(write_tariff)
        await ledger.run(install())
        for number in range(40):
            await ledger.run(top_up(f"desk-{number}", 1))
            await ledger.run(use(10, "flat"))
            await ledger.run(switch(HoldKind.MANUAL, place=number % 2 == 0))

    await asyncio.gather(*(business(ledger) for ledger in ledgers))
    for ledger in ledgers:
        assert await balance(ledger) == 40 * YUAN - 400 * 617_300
        found = await ledger.verify()
        assert (found.faults, found.transfers, found.charged_wh) == ((), 80, 400)
        await ledger.close()
    figure(f"{len(sites)} sites wrote {3 * 122} transactions side by side: 0 lost, 0 doubled")


async def test_two_that_open_at_once_make_one_book(place: str) -> None:
    """An empty database is made ready once; of two that come at once one holds the lease."""
    ledgers = await asyncio.gather(*(open_book(place, holder=name) for name in ("one", "two")))
    assert sorted(ledger.is_new for ledger in ledgers) == [False, True]
    done = await asyncio.gather(
        *(ledger.run(top_up("a", 1)) for ledger in ledgers), return_exceptions=True
    )
    assert sum(isinstance(result, LedgerReadOnlyError) for result in done) == 1
    for ledger in ledgers:
        assert await balance(ledger) == YUAN
        await ledger.close()

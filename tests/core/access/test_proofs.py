"""Proofs of access over a real ledger: tags, PINs, devices, links of staff."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.access.access import Access
from custom_components.compere_prepaid.core.access.devices import MOST, device_id
from custom_components.compere_prepaid.core.access.links import LIFE
from custom_components.compere_prepaid.core.access.pins import FAILURES, LONGEST_LOCK, WINDOW
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.payment_rows import PortalPin
from tests.adapters.ledger_books import content, open_book
from tests.core.prepayment.desk import HandClock

SHOP, OTHER = AccountNumber("A-101"), AccountNumber("A-102")
METER = MeterSerial("33B0250100001")
PIN, WRONG = "271828", "314159"
SECRET = bytes(range(32))


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[DatabaseLedger]:
    """Open a new book in a real file."""
    ledger = await open_book(tmp_path / "ledger.db")
    yield ledger
    await ledger.close()


@pytest.fixture
def clock() -> HandClock:
    """Let time stand still."""
    return HandClock()


@pytest.fixture
def access(ledger: DatabaseLedger, clock: HandClock) -> Access:
    """Keep proofs in the book."""
    return Access.over(ledger, clock, SECRET, asyncio.to_thread)


async def test_tag_is_for_one_meter_account_and_renewal(access: Access) -> None:
    """It is 128 bits that follow from the site's secret, and nothing else has the same."""
    tags = access.tags
    tag = await tags.tag(METER, SHOP)
    assert len(tag) == 22
    assert await tags.accepts(METER, SHOP, tag)
    assert not await tags.accepts(METER, OTHER, tag)
    assert not await tags.accepts(MeterSerial("33B0250100002"), SHOP, tag)
    assert not await tags.accepts(METER, SHOP, tag + "=")
    await tags.renew(METER, "boss")
    assert not await tags.accepts(METER, SHOP, tag)
    token = await tags.renew(METER, "boss")
    assert (token.rotation, token.user) == (2, "boss")
    other = Access.over(tags.ledger, tags.clock, bytes(32), asyncio.to_thread)
    assert await other.tags.tag(METER, SHOP) != await tags.tag(METER, SHOP)


async def test_pin_locks_twice_as_long_each_time(access: Access, clock: HandClock) -> None:
    """Five wrong ones lock for a quarter of an hour, then each one for longer, up to a day."""
    pins = access.pins
    await pins.set(SHOP, PIN)
    assert await pins.accepts(SHOP, PIN)
    for _ in range(FAILURES):
        assert not await pins.accepts(SHOP, WRONG)
    lock = WINDOW
    for _ in range(9):
        clock.forward(seconds=lock.total_seconds() - 1)
        assert not await pins.accepts(SHOP, PIN)  # right, but locked; that lengthens nothing
        clock.forward(seconds=1)
        assert not await pins.accepts(SHOP, WRONG)
        lock = min(lock * 2, LONGEST_LOCK)
    assert lock == LONGEST_LOCK
    clock.forward(seconds=lock.total_seconds())
    assert await pins.accepts(SHOP, PIN)
    assert not await pins.accepts(SHOP, WRONG)
    assert await pins.accepts(SHOP, PIN)  # failures are forgotten by a right one


async def test_lock_outlives_a_restart(access: Access, clock: HandClock) -> None:
    """Failures are kept in the ledger, whoever looks at it next."""
    await access.pins.set(SHOP, PIN)
    await asyncio.gather(*(access.pins.accepts(SHOP, WRONG) for _ in range(FAILURES)))
    again = Access.over(access.pins.ledger, clock, SECRET, asyncio.to_thread)
    assert not await again.pins.accepts(SHOP, PIN)
    clock.forward(seconds=WINDOW.total_seconds())
    assert await again.pins.accepts(SHOP, PIN)


async def test_guesses_at_nobody_cost_the_same_and_lock_nobody(access: Access) -> None:
    """Accounts without PIN, and none at all, are counted together; an empty PIN opens nothing."""
    for account in (None, SHOP):
        for guess in ("", WRONG, "0" * 1000, "\ud800"):
            assert not await access.pins.accepts(account, guess)
    kept = await access.pins.ledger.read(lambda tx: tx.rows(PortalPin))
    assert [(row.account, row.failures, row.locked_until) for row in kept] == [("", 8, None)]
    await access.pins.set(SHOP, PIN)
    assert await access.pins.accepts(SHOP, PIN)
    await access.pins.set(SHOP, "")
    assert not await access.pins.accepts(SHOP, "")
    assert not await access.pins.has(SHOP)


@pytest.mark.parametrize("pin", ["12345", "1234567890123", "12345a", "\uff11" * 6, " 123456"])
async def test_what_is_no_pin(access: Access, pin: str) -> None:
    """Six to twelve plain digits."""
    with pytest.raises(InvalidInputError, match="pin_wrong"):
        await access.pins.set(SHOP, pin)


async def test_pin_is_nowhere_in_the_book(access: Access, tmp_path: Path) -> None:
    """Only a salted digest of it."""
    await access.pins.set(SHOP, PIN)
    await access.pins.set(OTHER, PIN)
    assert PIN not in str(content(tmp_path / "ledger.db"))
    rows = await access.pins.ledger.read(lambda tx: tx.rows(PortalPin))
    assert len({row.digest for row in rows}) == len({row.salt for row in rows}) == 2


async def test_devices_are_bound_and_revoked(access: Access) -> None:
    """A device is known by its secret, which is not kept; so many are enough."""
    devices = access.devices
    await devices.bind(SHOP, "secret", " Phone " + "x" * 100)
    await devices.bind(SHOP, "secret", "Phone")
    [row] = await devices.bound(SHOP)
    assert (row.name, row.id) == ("Phone", device_id("secret"))
    await devices.bind(OTHER, "secret", "Phone")
    assert set(await devices.accounts_of("secret")) == {SHOP, OTHER}
    await devices.revoke(SHOP, row.id)
    await devices.revoke(SHOP, row.id)
    assert list(await devices.accounts_of("secret")) == [OTHER]
    with pytest.raises(InvalidInputError, match="device_unknown"):
        await devices.revoke(SHOP, "x")
    for number in range(MOST):
        await devices.bind(SHOP, f"secret {number}", "")
    with pytest.raises(InvalidInputError, match="devices_too_many"):
        await devices.bind(SHOP, "one more", "")
    await devices.bind(SHOP, "secret 0", "again")


async def test_link_opens_once_and_soon(access: Access, clock: HandClock) -> None:
    """Within a quarter of an hour, and never twice."""
    token, until = access.links.issue(SHOP)
    assert until == clock.now() + LIFE == clock.now() + timedelta(minutes=15)
    assert access.links.redeem(token + "x") is None
    assert access.links.redeem(token) == SHOP
    assert access.links.redeem(token) is None
    late, _ = access.links.issue(SHOP)
    clock.forward(minutes=15)
    assert access.links.redeem(late) is None

"""Ten thousand notices, each up to twenty times, mixed up and at once, and Home Assistant dies.

They are genuine notices of WeChat's kind, sent over HTTP to the tenants' page of a real Home
Assistant, as the gateway sends them: until one copy was acknowledged. Home Assistant is killed in
the middle of every batch. In the end each payment that was acknowledged is in the ledger, none of
them twice, and the money is exact to the fen. A program that did not know transactions again would
fail: that is the control.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
import os
from pathlib import Path
import random
import sqlite3
from typing import override
import uuid

import aiohttp
import pytest

from benchmarks.stage.house import House
from benchmarks.stage.theatre import running_mall
from benchmarks.stage.trial import Signed, Tenants, open_trial
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    PaymentNotice,
    PaymentSource,
)
from custom_components.compere_prepaid.core.payment.crediting import Crediting, Recorded
from custom_components.compere_prepaid.core.payment.provider import Paid
from script.demo.site_setup import SiteDocument
from tests.payment.till import Till

NOTICES = int(os.environ.get("NOTICES", "10000"))
BATCHES = 10
AT_ONCE = 32
MOST_COPIES = 20
FEN = 125
NANO_PER_FEN = 10**7
ADDRESSES = 5000
PATIENCE = aiohttp.ClientTimeout(total=20)


def copies(chance: random.Random) -> int:
    """Return how often a notice is sent: mostly once or twice, now and then twenty times."""
    return chance.choices((1, 2, chance.randrange(3, 12), MOST_COPIES), (48, 40, 10, 2))[0]


@dataclass(slots=True)
class Gateway:
    """Sends notices until one copy of each was acknowledged."""

    tenants: Tenants
    orders: Sequence[str]
    chance: random.Random
    sent: int = 0
    acknowledged: set[str] = field(default_factory=set)
    half_way: asyncio.Event = field(default_factory=asyncio.Event)

    async def batch(self, txns: Sequence[str], kill: Callable[[], None] = lambda: None) -> None:
        """Send all copies of the notices about these transactions; call `kill` half-way."""
        signed = {txn: self._signed(txn) for txn in txns}
        waiting = [txn for txn in txns for _ in range(copies(self.chance))]
        self.chance.shuffle(waiting)
        half = self.chance.randrange(len(waiting) // 4, 3 * len(waiting) // 4)
        async with aiohttp.ClientSession(timeout=PATIENCE) as http, asyncio.TaskGroup() as senders:

            async def send() -> None:
                while waiting:
                    if len(waiting) <= half:
                        kill()
                    txn = waiting.pop()
                    await self._send(http, txn, signed[txn])

            for _ in range(AT_ONCE):
                senders.create_task(send())

    async def _send(self, http: aiohttp.ClientSession, txn: str, notice: Signed) -> None:
        self.sent += 1
        try:
            status = await self.tenants.tell(http, notice, self.chance.randrange(ADDRESSES))
        except aiohttp.ClientError, TimeoutError:
            return  # nobody is there
        if status in {200, 204}:
            self.acknowledged.add(txn)

    def _signed(self, txn: str) -> Signed:
        order = self.orders[int(txn[2:]) % len(self.orders)]
        return self.tenants.notice(order, FEN, txn)


def _booked(ledger: Path) -> tuple[Counter[str], Mapping[str, int], int]:
    """Return how often each transaction was credited, what each order brought, and the clearing."""
    with closing(sqlite3.connect(ledger)) as raw:
        rows = raw.execute(
            "SELECT id, reason, amount FROM transfer WHERE code = 'top_up'"
        ).fetchall()
        (clearing,) = raw.execute(
            "SELECT dr - cr FROM account WHERE id = 'asset:clearing:sandbox'"
        ).fetchone()
    brought: Counter[str] = Counter()
    for _, order, amount in rows:
        brought[order] += amount
    return Counter(name.removeprefix("pay:sandbox:") for name, _, _ in rows), brought, clearing


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("socket_enabled")
async def test_ten_thousand_notices(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """Whatever is told how often, and whenever the program dies: 0 lost, 0 doubled."""
    chance = random.Random(20261126)
    txns = [f"42{number:026}" for number in range(NOTICES)]
    async with running_mall(tmp_path, "--one-line", "4", "--no-pacing") as mall:
        document = SiteDocument.parse(await mall.site_file())
        house = House.build(tmp_path, document.site)
        async with house.quick_starts():
            await house.start()
            async with house.visit() as client:
                tenants = await open_trial(client, document, house.folders.config)
                orders = [await _ordered(tenants, serial) for serial in document.serials]
            await house.stop()  # Home Assistant keeps a new site for a second before it saves it
            gateway = Gateway(tenants, orders, chance)
            size = -(-NOTICES // BATCHES)
            for start in range(0, NOTICES, size):
                await house.start()
                async with house.visit():
                    pass
                killing: list[asyncio.Task[None]] = []

                def kill(killing: list[asyncio.Task[None]] = killing) -> None:
                    if not killing:
                        killing.append(asyncio.ensure_future(house.kill()))

                left = [txn for txn in txns[:start] if txn not in gateway.acknowledged]
                await gateway.batch([*left, *txns[start : start + size]], kill)
                await killing[0]
            await house.start()
            async with house.visit() as client:
                while left := [txn for txn in txns if txn not in gateway.acknowledged]:
                    await gateway.batch(left)
                found = await client.action("verify_ledger")
    times, brought, clearing = _booked(house.ledger)
    lost = len(gateway.acknowledged - times.keys())
    doubled = sum(times.values()) - len(times)
    figure(
        f"{NOTICES} notices sent {gateway.sent} times, {house.kills} kills: "
        f"{len(gateway.acknowledged)} acknowledged, {lost} lost, {doubled} doubled"
    )
    assert found["ok"], found["faults"]
    assert (lost, doubled) == (0, 0)
    assert times.keys() == set(txns)
    assert clearing == NOTICES * FEN * NANO_PER_FEN
    shares = Counter(orders[int(txn[2:]) % len(orders)] for txn in txns)
    assert brought == {order: share * FEN * NANO_PER_FEN for order, share in shares.items()}
    assert gateway.sent > 2 * NOTICES


async def _ordered(tenants: Tenants, serial: str) -> str:
    async with tenants.visit(serial) as visit:
        return str((await visit.order("1.25", "qr"))["id"])


class Forgetful(Crediting):
    """The control: it takes every notice for another payment."""

    @override
    async def record(
        self,
        provider: str,
        paid: Paid,
        source: PaymentSource,
        notice: PaymentNotice | None = None,
        user: str = "",
    ) -> Recorded:
        other = replace(paid, txn=uuid.uuid4().hex)
        return await super().record(provider, other, source, notice, user)


@pytest.mark.parametrize("crediting", [Crediting, Forgetful])
async def test_knowing_transactions_again_is_what_does_it(
    till: Till, crediting: type[Crediting], figure: Callable[[str], None]
) -> None:
    """The same notices: exact with it, and the control without it credits most of them again."""
    chance = random.Random(1)
    till.crediting = crediting(till.desk.book)
    order = await till.order(1)
    paid = [till.bank.pay(order.id) for _ in range(50)]
    deliveries = [one for one in paid for _ in range(copies(chance))]
    chance.shuffle(deliveries)
    await asyncio.gather(
        *(till.crediting.record("paper", one, PaymentSource.NOTICE) for one in deliveries)
    )
    doubled = till.desk.balance - 20 - len(paid)
    if crediting is Crediting:
        assert doubled == 0
    else:
        assert doubled == len(deliveries) - len(paid) > 0
        figure(f"control without idempotency: {int(doubled)} of {len(deliveries)} credited again")

"""A shop that takes payments by WeChat: our provider, the gateway, and a real place for notices."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from functools import cache
import json
from pathlib import Path

from aiohttp import ClientSession, web

from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.gateway import (
    SandboxGateway,
)
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.keys import (
    FILE,
    GatewayKeys,
    make_keys,
    write_privately,
)
from custom_components.compere_prepaid.adapters.payment.wechat.provider import WeChatProvider
from custom_components.compere_prepaid.adapters.payment.wechat.settings import WeChatSettings
from custom_components.compere_prepaid.core.clock import Clock
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.payment_rows import Method, PayOrder
from custom_components.compere_prepaid.core.money.amount import Currency
from custom_components.compere_prepaid.core.payment.provider import (
    BadNoticeError,
    Checkout,
    Notice,
    Outcome,
    Payer,
)
from custom_components.compere_prepaid.payments.sandbox import Sandbox

YUAN = Currency.of("CNY")
PACE = 0.00001
"""A notice that nobody takes is given up after a second instead of a day."""


@dataclass(slots=True, kw_only=True)
class Shop:
    """What a test uses."""

    gateway: SandboxGateway
    settings: WeChatSettings
    session: ClientSession
    notify_url: str
    provider: WeChatProvider
    clock: Clock
    notices: list[Notice] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    """Notices as they arrived."""
    refused: list[str] = field(default_factory=list)
    """Why notices were not believed."""
    outcome: Outcome = Outcome.ACCEPTED
    """What becomes of those that are."""
    numbers: int = 0

    def with_settings(self, is_sandbox: bool = True, /, **changes: object) -> WeChatProvider:
        """Return a provider that is set up differently."""
        return WeChatProvider(
            "wechat",
            replace(self.settings, **changes),  # type: ignore[arg-type]  # the test names fields
            session=self.session,
            currency=YUAN,
            notify_url=lambda: self.notify_url,
            is_sandbox=is_sandbox,
            clock=self.clock,
        )

    def order(
        self,
        amount: str = "50",
        method: Method = Method.REDIRECT,
        *,
        payer: Payer | None = None,
        lasts: timedelta = timedelta(minutes=15),
    ) -> PayOrder:
        """Return an order as it is kept before the provider is asked."""
        self.numbers += 1
        now = self.clock.now()
        order = PayOrder(
            id=f"01JD0000000000000000{self.numbers:06}",
            provider="wechat",
            account=AccountNumber("A-101"),
            meter=MeterSerial("33B0250100001"),
            fund="electricity",
            amount=YUAN.parse(amount),
            currency="CNY",
            method=method,
            key=f"page-{self.numbers}",
            created_at=now,
            expires_at=now + lasts,
            changed_at=now,
        )
        who = payer or Payer(method=method, client_ip="192.0.2.7", openid="oPayer")
        return replace(order, params=self.provider.parameters(order, who))

    async def ordered(
        self, amount: str = "50", method: Method = Method.REDIRECT
    ) -> tuple[PayOrder, Checkout]:
        """Make an order at the gateway."""
        order = self.order(amount, method)
        return order, await self.provider.create(order)

    async def paid(self, amount: str = "50") -> PayOrder:
        """Make an order, and pay it as its payer."""
        order, _ = await self.ordered(amount)
        assert await self.gateway.pay(order.id)
        return order

    async def receive(self, request: web.Request) -> web.Response:
        """Take a notice as the listener does: raw bytes, the provider's word, its answer."""
        body = await request.read()
        self.received.append((dict(request.headers), body))
        try:
            self.notices.append(self.provider.parse_notice(request.headers, body, self.clock.now()))
            outcome = self.outcome
        except BadNoticeError as error:
            self.refused.append(str(error))
            outcome = Outcome.REFUSED
        reply = self.provider.ack(outcome)
        return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)


@asynccontextmanager
async def open_shop(folder: Path, clock: Clock) -> AsyncIterator[Shop]:
    """Run gateway, provider and the place for notices."""
    shops: list[Shop] = []
    give_keys(folder)

    async def receive(request: web.Request) -> web.Response:
        return await shops[0].receive(request)

    app = web.Application()
    app.router.add_post("/notify/wechat", receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    notify_url = f"http://127.0.0.1:{runner.addresses[0][1]}/notify/wechat"
    sandbox = await Sandbox.async_start(folder, YUAN, clock, pace=PACE)
    try:
        async with ClientSession() as session:
            provider = sandbox.provider("wechat", session=session, notify_url=lambda: notify_url)
            shop = Shop(
                gateway=sandbox.gateway,
                settings=sandbox.settings(),
                session=session,
                notify_url=notify_url,
                provider=provider,
                clock=clock,
            )
            shops.append(shop)
            yield shop
    finally:
        await sandbox.async_stop()
        await runner.cleanup()


@cache
def shared_keys() -> GatewayKeys:
    """Make keys once for all tests: that takes a while."""
    return make_keys()


def give_keys(folder: Path) -> None:
    """Put the shared keys where a gateway finds them."""
    folder.mkdir(parents=True, exist_ok=True)
    write_privately(folder / FILE, json.dumps(asdict(shared_keys())))


type Figure = Callable[[str], None]

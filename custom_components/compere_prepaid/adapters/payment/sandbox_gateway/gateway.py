"""The gateway as a whole: starting and stopping it, and being its payer."""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path

from aiohttp import ClientSession, web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from ....core.clock import Clock
from ....core.money.amount import Currency
from ...clock import SystemClock
from .bills import Bills
from .faults import Faults
from .keys import GatewayKeys, keys_in, private_key
from .merchant_api import MerchantApi
from .notices import Delivery, Notices
from .orders import OrderBook
from .payer_pages import PayerPages, PayerRoute
from .state import PREFIX, GatewayState
from .voice import Voice

HOST = "127.0.0.1"
_BODY_LIMIT = 64 * 1024


class SandboxGateway:
    """A running gateway; made by `start`."""

    def __init__(self, state: GatewayState, session: ClientSession) -> None:
        """Put its parts together; `start` does more."""
        self._state = state
        self._session = session
        self._pages = PayerPages(state)
        self._runner: web.AppRunner | None = None

    @classmethod
    async def start(
        cls,
        folder: Path,
        currency: Currency,
        *,
        payer_url: Callable[[], str] = str,
        pace: float = 1.0,
        clock: Clock | None = None,
    ) -> SandboxGateway:
        """Listen on this machine, on any free port, with what lies in a folder.

        `payer_url` tells where browsers reach `payer_routes` now (`https://…/sandbox`); where it
        tells nothing, the gateway serves them itself. `pace` multiplies the pauses between notices.
        What was paid and not acknowledged before is told again. Raises `OSError`.
        """
        faults, clock = Faults(), clock or SystemClock()
        keys, merchant, book, voice = await asyncio.to_thread(_read, folder, faults, clock)
        session = ClientSession()
        state = GatewayState(
            keys=keys,
            merchant=merchant,
            currency=currency,
            faults=faults,
            book=book,
            voice=voice,
            notices=Notices(book, voice, faults, session, pace),
            pages_url=payer_url,
        )
        gateway = cls(state, session)
        try:
            await gateway._listen()
        except OSError:
            await gateway.stop()
            raise
        for record in book.untold():
            state.notices.announce(record)
        return gateway

    async def _listen(self) -> None:
        app = web.Application(client_max_size=_BODY_LIMIT)
        app.add_routes(MerchantApi(self._state, Bills(self._state)).routes())
        for method, path, serving in self._pages.routes():
            app.router.add_route(method, path, serving)
        app.router.add_get("/sns/oauth2/access_token", self._pages.exchange)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, 0)
        await site.start()
        self._state.base_url = f"http://{HOST}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Answer and tell nothing any more."""
        await self._state.notices.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        await self._session.close()

    @property
    def keys(self) -> GatewayKeys:
        """Both sides' keys, of which a merchant's settings are made."""
        return self._state.keys

    @property
    def faults(self) -> Faults:
        """What it does wrong; may be changed at any time."""
        return self._state.faults

    @property
    def base_url(self) -> str:
        """Where the merchant's machine reaches it."""
        return self._state.base_url

    @property
    def payer_url(self) -> str:
        """Where payers' browsers reach its pages."""
        return self._state.payer_url

    @property
    def login_page_path(self) -> str:
        """Where a browser learns whose it is, as inside WeChat: one of `payer_routes`."""
        return f"{PREFIX}/login"

    @property
    def login_url(self) -> str:
        """Where the merchant's machine exchanges what came of it."""
        return f"{self._state.base_url}/sns/oauth2/access_token"

    def payer_routes(self) -> list[PayerRoute]:
        """Return the payers' pages for another listener: everything below `/sandbox/`."""
        return self._pages.routes()

    async def pay(self, order_id: str, *, late: bool = False) -> bool:
        """Pay an order as its payer; False if that is not possible (any more).

        `late` money had left the payer when the order was closed.
        """
        order = self._state.book.orders.get(order_id)
        return order is not None and await self._state.pay(order, late=late)

    async def refund(self, order_id: str, coins: int, number: str) -> None:
        """Give money back as somebody does in the console; `number` is the refund's."""
        order = self._state.book.orders[order_id]
        refund = await self._state.open_refund(order, number, coins, order.notify_url)
        await self._state.end_refund(refund)

    def transaction_of(self, order_id: str) -> str:
        """Return the number of an order's payment; empty if it is not paid."""
        order = self._state.book.orders.get(order_id)
        return order.txn if order else ""

    async def tell(self, number: str) -> list[int]:
        """Send the notice of an order or refund now; return what it was answered with, 0: not."""
        record = self._state.book.orders.get(number) or self._state.book.refunds[number]
        return await self._state.notices.tell(record)

    async def settled(self) -> None:
        """Return once no notice is waiting to be sent (again)."""
        await self._state.notices.settled()

    @property
    def deliveries(self) -> deque[Delivery]:
        """What notices were answered with, the newest last."""
        return self._state.notices.deliveries


def _read(
    folder: Path, faults: Faults, clock: Clock
) -> tuple[GatewayKeys, RSAPublicNumbers, OrderBook, Voice]:
    """Read what lies in a folder, and the keys, which are checked. Blocks."""
    keys = keys_in(folder)
    merchant = private_key(keys.merchant_key).public_key().public_numbers()
    return keys, merchant, OrderBook(folder), Voice(keys, faults, clock)

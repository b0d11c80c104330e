"""The sandbox of a trial site: the bundled gateway, and the provider that speaks to it.

It is WeChat's code path from end to end, signatures included; only the gateway is ours. One gateway
serves a site, whichever of its providers are sandboxes.
"""

import asyncio
from functools import partial
from pathlib import Path

from aiohttp import ClientSession, web

from ..adapters.payment.sandbox_gateway.gateway import SandboxGateway
from ..adapters.payment.sandbox_gateway.payer_pages import PREFIX
from ..adapters.payment.wechat.provider import WeChatProvider
from ..adapters.payment.wechat.settings import WeChatSettings
from ..core.money.amount import Currency


class Sandbox:
    """A running gateway with its providers."""

    def __init__(self, gateway: SandboxGateway, currency: Currency) -> None:
        """Use a running gateway."""
        self.gateway = gateway
        self._currency = currency

    @classmethod
    async def async_start(
        cls, folder: Path, currency: Currency, public_url: str = "", *, pace: float = 1.0
    ) -> Sandbox:
        """Start the gateway, whose keys and orders lie in this folder; raises `OSError`.

        `public_url` is the tenants' page's, which serves `payer_routes` as well; where there is
        none, payers' pages are reached on this machine only.
        """
        payer_url = f"{public_url.rstrip('/')}{PREFIX}" if public_url else ""
        gateway = await SandboxGateway.start(folder, currency, payer_url=payer_url, pace=pace)
        return cls(gateway, currency)

    def settings(self) -> WeChatSettings:
        """Return the settings of the merchant whom the gateway serves."""
        keys = self.gateway.keys
        return WeChatSettings(
            mchid=keys.mchid,
            appid=keys.appid,
            merchant_serial=keys.merchant_serial,
            merchant_key=keys.merchant_key,
            apiv3_key=keys.apiv3_key,
            app_secret=keys.app_secret,
            public_key_id=keys.public_key_id,
            public_key=keys.public_key,
            base_url=self.gateway.base_url,
            standby_url="",
            login_page_url=self.gateway.login_page_url,
            login_url=self.gateway.login_url,
        )

    async def async_provider(
        self, key: str, *, session: ClientSession, notify_url: str
    ) -> WeChatProvider:
        """Return the provider; notices go to `notify_url`, which this machine has to reach."""
        build = partial(
            WeChatProvider,
            key,
            self.settings(),
            session=session,
            currency=self._currency,
            notify_url=notify_url,
            is_sandbox=True,
        )
        return await asyncio.to_thread(build)

    def payer_routes(self) -> list[web.RouteDef]:
        """Return the payers' pages, all below `/sandbox/`, for the tenants' page to serve."""
        return self.gateway.payer_routes()

    async def async_stop(self) -> None:
        """Stop the gateway; its orders stay."""
        await self.gateway.stop()

"""The sandbox of a trial site: the bundled gateway, and the provider that speaks to it.

It is WeChat's code path from end to end, signatures included; only the gateway is ours. One gateway
serves a site, whichever of its providers are sandboxes. Its keys and orders lie beside the ledger.
"""

from collections.abc import Callable
from pathlib import Path
import shutil

from aiohttp import ClientSession
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..adapters.payment.sandbox_gateway.gateway import SandboxGateway
from ..adapters.payment.sandbox_gateway.payer_pages import PayerRoute
from ..adapters.payment.wechat.provider import WeChatProvider
from ..adapters.payment.wechat.settings import WeChatSettings
from ..const import DOMAIN
from ..core.clock import Clock
from ..core.errors import OperationFailedError
from ..core.money.amount import Currency
from ..ledger_place import ledger_place


class Sandbox:
    """A running gateway with its providers."""

    def __init__(self, gateway: SandboxGateway, currency: Currency, clock: Clock) -> None:
        """Use a running gateway."""
        self.gateway = gateway
        self._currency = currency
        self._clock = clock

    @classmethod
    async def async_start(
        cls,
        folder: Path,
        currency: Currency,
        clock: Clock,
        *,
        payer_url: Callable[[], str] = str,
        pace: float = 1.0,
    ) -> Sandbox:
        """Start the gateway, whose keys and orders lie in this folder.

        `payer_url` and `pace` are as `SandboxGateway.start` has them. Raises `OperationFailedError`
        (`sandbox_not_started`).
        """
        try:
            gateway = await SandboxGateway.start(
                folder, currency, payer_url=payer_url, pace=pace, clock=clock
            )
        except OSError as error:
            raise OperationFailedError("sandbox_not_started", error=error) from error
        return cls(gateway, currency, clock)

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
            login_page_url=self.gateway.login_page_path,
            login_url=self.gateway.login_url,
        )

    def provider(
        self, key: str, *, session: ClientSession, notify_url: Callable[[], str]
    ) -> WeChatProvider:
        """Return a provider whose notices go to an address that this machine has to reach."""
        return WeChatProvider(
            key,
            self.settings(),
            session=session,
            currency=self._currency,
            notify_url=notify_url,
            is_sandbox=True,
            clock=self._clock,
        )

    def payer_routes(self) -> list[PayerRoute]:
        """Return the payers' pages, all below `/sandbox/`, for the tenants' page to serve."""
        return self.gateway.payer_routes()

    async def async_stop(self) -> None:
        """Stop the gateway; its orders stay."""
        await self.gateway.stop()


def sandbox_folder(hass: HomeAssistant, entry: ConfigEntry) -> Path:
    """Return where a site's gateway keeps its keys and orders: beside a ledger that is a file."""
    place = ledger_place(hass, entry)
    if isinstance(place, Path):
        return place.with_name(f"{place.stem}-sandbox")
    return Path(hass.config.path(DOMAIN, f"{entry.unique_id or entry.entry_id}-sandbox"))


async def async_forget_sandbox(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete the keys and orders of a removed site's gateway, if it had one."""
    folder = sandbox_folder(hass, entry)
    await hass.async_add_executor_job(lambda: shutil.rmtree(folder, ignore_errors=True))

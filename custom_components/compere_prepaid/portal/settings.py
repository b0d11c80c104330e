"""How the portal is set up, as the site's options keep it."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Final

OPTION_PORTAL: Final = "portal"
"""The key of the site's options under which all of this is."""

CONF_ENABLED: Final = "enabled"
CONF_PUBLIC_URL: Final = "public_url"
CONF_TRUSTED_PROXIES: Final = "trusted_proxies"
CONF_OPEN_MODE: Final = "open_mode"
CONF_AMOUNTS: Final = "amounts"
CONF_WECHAT_OAUTH: Final = "wechat_oauth"

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8125
DEFAULT_AMOUNTS = ("50", "100", "200", "500")

type Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalSettings:
    """The portal's place in the network, and what it offers."""

    enabled: bool = False
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    public_url: str = ""
    """Where tenants reach it, without a slash at its end; empty while nobody said."""
    trusted_proxies: tuple[Network, ...] = ()
    """Those whose word is taken for where a request came from."""
    open_mode: bool = False
    """Whether a meter's number alone shows balance and live power."""
    amounts: tuple[str, ...] = DEFAULT_AMOUNTS
    wechat_oauth: str = ""
    """The key of the provider by which WeChat tells who somebody is; empty for none."""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> PortalSettings:
        """Read a site's options; what was never chosen has its default."""
        kept: Mapping[str, Any] = options.get(OPTION_PORTAL, {})
        return cls(
            enabled=bool(kept.get(CONF_ENABLED, False)),
            host=str(kept.get("host") or DEFAULT_HOST),
            port=int(kept.get("port", DEFAULT_PORT)),
            public_url=str(kept.get(CONF_PUBLIC_URL) or "").rstrip("/"),
            trusted_proxies=tuple(
                ip_network(each, strict=False) for each in kept.get(CONF_TRUSTED_PROXIES, ())
            ),
            open_mode=bool(kept.get(CONF_OPEN_MODE, False)),
            amounts=tuple(str(each) for each in kept.get(CONF_AMOUNTS, DEFAULT_AMOUNTS)),
            wechat_oauth=str(kept.get(CONF_WECHAT_OAUTH) or ""),
        )

    @property
    def place(self) -> tuple[str, int]:
        """Where it listens."""
        return self.host, self.port

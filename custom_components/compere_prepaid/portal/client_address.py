"""Where a request came from, as far as that can be believed.

A reverse proxy adds the address of whom it serves at the right of `X-Forwarded-For`; whatever
stands left of that, its client may have made up. So the header is read from the right, past our own
proxies, and only if the peer is one of them.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from .settings import Network

type Address = IPv4Address | IPv6Address

NOWHERE = IPv4Address("0.0.0.0")  # noqa: S104  # nothing listens there: it stands for "unknown"

SUBSCRIBER_BITS = 64
"""Who has an IPv6 address has all of its /64."""


class Client(NamedTuple):
    """Where a request came from, and whether it came by https."""

    address: Address
    is_secure: bool

    @property
    def key(self) -> str:
        """Return the name under which its requests are counted."""
        if isinstance(self.address, IPv6Address):
            return str(int(self.address) >> SUBSCRIBER_BITS)
        return str(self.address)


def client_of(
    peer: str | None,
    forwarded_for: Iterable[str],
    forwarded_proto: Iterable[str],
    trusted: Sequence[Network],
) -> Client:
    """Return the client of a request that a peer made with these header lines."""
    address = _address(peer or "")
    if address is None:
        return Client(NOWHERE, is_secure=False)
    if not _is_trusted(address, trusted):
        return Client(address, is_secure=False)
    protocols = _parts(forwarded_proto)
    is_secure = bool(protocols) and protocols[-1].lower() == "https"
    for part in reversed(_parts(forwarded_for)):
        before = _address(part)
        if before is None:
            break  # a proxy of ours writes addresses: what stands left of this is made up
        address = before
        if not _is_trusted(address, trusted):
            break
    return Client(address, is_secure)


def _parts(lines: Iterable[str]) -> list[str]:
    return [part.strip() for line in lines for part in line.split(",") if part.strip()]


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)

"""What browsers are told about every answer, and what of them is believed."""

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit


class Cookies(NamedTuple):
    """The names of our cookies."""

    session: str
    device: str


SECURE: Final = Cookies("__Host-cp", "__Host-cp-device")
PLAIN: Final = Cookies("cp", "cp-device")
"""Without https, on loopback or in a local network, browsers refuse the others. With https these
count for nothing: another name of the same domain could have planted them."""


def cookies(*, is_secure: bool) -> Cookies:
    """Return what cookies are called."""
    return SECURE if is_secure else PLAIN


CSRF_HEADER: Final = "X-CP-CSRF"

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
    "frame-ancestors 'none'"
)

_PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "publickey-credentials-get",
        "screen-wake-lock",
        "usb",
        "xr-spatial-tracking",
    )
)


def security_headers(*, is_pay_page: bool) -> Mapping[str, str]:
    """Return the headers of every answer.

    Source of the list: OWASP ASVS 5.0, chapter 3.4. Nobody is sent to a provider by a form, so
    forms may go to nobody else.
    """
    return {
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin" if is_pay_page else "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": _PERMISSIONS,
    }


def origin_of(url: str) -> str:
    """Return the origin of a URL as browsers write it; empty if it has none."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return ""
    return f"{parts.scheme}://{parts.netloc.lower()}"


def is_own_origin(origin: str, public_url: str, own_host: str, *, is_secure: bool) -> bool:
    """Tell whether a request comes from our own page.

    `own_host` is what the request was addressed to, port included. A page that only points there
    by a name of its own has none of our cookies.
    """
    scheme = "https" if is_secure else "http"
    own = {origin_of(public_url), f"{scheme}://{own_host.lower()}"} - {""}
    return origin.lower() in own


def own_path(path: str) -> str:
    """Return a path of our own to go back to; `/` for whatever could lead elsewhere."""
    parts = urlsplit(path)
    is_plain = path.isascii() and path.isprintable() and "\\" not in path and " " not in path
    if parts.scheme or parts.netloc or not is_plain or not path.startswith("/"):
        return "/"
    if path.startswith("//") or len(path) > 200:  # longer than any of ours
        return "/"
    return path

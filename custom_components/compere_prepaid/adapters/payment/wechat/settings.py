"""What a merchant knows of their WeChat Pay account (API v3, a merchant of their own)."""

from dataclasses import dataclass, field
import ipaddress
import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from yarl import URL

from ....core.errors import InvalidInputError
from ....core.ledger.payment_rows import Method

API_KEY_LENGTH = 32

_PEM = re.compile(r"\s*-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----\s*")
_PEM_WIDTH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class WeChatSettings:
    """The account. Keys are PEM texts; none of the secrets is ever shown by `repr`.

    Since autumn 2024 WeChat signs for new accounts with a key that is named by `public_key_id`;
    older ones have certificates, which are fetched (`certificates`). While an account moves from
    one to the other both occur, so both may be given.
    """

    mchid: str
    appid: str
    merchant_serial: str
    """Of the merchant's API certificate, hexadecimal."""
    merchant_key: str = field(repr=False)
    """The private key of that certificate."""
    apiv3_key: str = field(repr=False)
    """What notices are encrypted with: 32 ASCII characters, chosen in the console."""
    app_secret: str = field(default="", repr=False)
    """Of the WeChat application; needed inside WeChat only, to learn who pays."""
    public_key_id: str = ""
    public_key: str = ""
    certificates: bool = False
    methods: frozenset[Method] = frozenset({Method.JSAPI, Method.REDIRECT, Method.QR})
    """What the merchant's contract has: JSAPI, H5 (`REDIRECT`), Native (`QR`)."""
    base_url: str = "https://api.mch.weixin.qq.com"
    standby_url: str = "https://api2.mch.weixin.qq.com"
    """Asked where the first cannot be connected to; empty for none."""
    login_page_url: str = "https://open.weixin.qq.com/connect/oauth2/authorize"
    """A path alone is below the tenants' page itself: the sandbox's."""
    login_url: str = "https://api.weixin.qq.com/sns/oauth2/access_token"


def private_key_of(settings: WeChatSettings) -> RSAPrivateKey:
    """Return the merchant's key; raises `InvalidInputError` (`wechat_merchant_key_unreadable`)."""
    return read_private_key(settings.merchant_key)


def read_private_key(pem: str) -> RSAPrivateKey:
    """Read a merchant's key; raises as `private_key_of`."""
    try:
        # Checking that it is a key at all takes 40 ms, in the event loop; whether it is the right
        # one WeChat says.
        key = load_pem_private_key(tidy(pem), None, unsafe_skip_rsa_key_validation=True)
    except ValueError, TypeError, UnsupportedAlgorithm:
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise InvalidInputError("wechat_merchant_key_unreadable")
    return key


def public_key_of(settings: WeChatSettings) -> RSAPublicKey:
    """Return WeChat's key; raises `InvalidInputError` (`wechat_public_key_unreadable`)."""
    try:
        key = load_pem_public_key(tidy(settings.public_key))
    except ValueError, UnsupportedAlgorithm:
        key = None
    if not isinstance(key, RSAPublicKey):
        raise InvalidInputError("wechat_public_key_unreadable")
    return key


def check(settings: WeChatSettings) -> None:
    """Refuse what cannot work, by `InvalidInputError`: fields that are not what they should be.

    The keys themselves are read by `private_key_of` and `public_key_of`.
    """
    if not re.fullmatch(r"[0-9A-Za-z]{1,32}", settings.mchid):
        raise InvalidInputError("wechat_mchid_wrong")
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,32}", settings.appid):
        raise InvalidInputError("wechat_appid_wrong")
    if not re.fullmatch(r"[0-9A-Fa-f]{8,64}", settings.merchant_serial):
        raise InvalidInputError("wechat_merchant_serial_wrong")
    if len(settings.apiv3_key) != API_KEY_LENGTH or not settings.apiv3_key.isascii():
        raise InvalidInputError("wechat_api_key_length", length=API_KEY_LENGTH)
    if not settings.certificates and not settings.public_key_id:
        raise InvalidInputError("wechat_public_key_missing")
    if settings.public_key_id and not re.fullmatch(r"PUB_KEY_ID_\w{1,64}", settings.public_key_id):
        raise InvalidInputError("wechat_public_key_id_wrong")
    for url in (settings.base_url, settings.login_url):
        _check_address(url)
    if settings.standby_url:
        _check_address(settings.standby_url)
    if not settings.login_page_url.startswith("/"):
        _check_address(settings.login_page_url)


def _check_address(text: str) -> None:
    """Let only encrypted addresses pass, and this machine's own."""
    try:
        url = URL(text)
        is_safe = url.scheme == "https" or (url.scheme == "http" and _is_here(url.host))
    except ValueError:
        is_safe = False
    if not is_safe:
        raise InvalidInputError("wechat_address_wrong", address=text[:100])


def _is_here(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


def tidy(text: str) -> bytes:
    """Return a PEM text as it should be: forms of one line turn its line ends into spaces."""
    if not (found := _PEM.fullmatch(text)):
        return text.encode()
    kind, body = found[1], "".join(found[2].split())
    lines = [body[at : at + _PEM_WIDTH] for at in range(0, len(body), _PEM_WIDTH)]
    return "\n".join((f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", "")).encode()

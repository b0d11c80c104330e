"""Parts of the portal alone: sessions, buckets, addresses, paths, languages."""

from collections.abc import Callable
from ipaddress import ip_network
import json
from pathlib import Path
import string

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid import portal
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.portal.client_address import client_of
from custom_components.compere_prepaid.portal.limits import ADDRESSES_KEPT, Limit, Limits
from custom_components.compere_prepaid.portal.meters import masked
from custom_components.compere_prepaid.portal.security import is_own_origin, own_path
from custom_components.compere_prepaid.portal.sessions import MOST, Level, Sessions
from custom_components.compere_prepaid.portal.wording import LANGUAGES, accepted_language
from tests.core.prepayment.desk import HandClock

PROXIES = (ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def test_sessions_are_bounded(figure: Callable[[str], None]) -> None:
    """However many come: strangers give way first, and tenants who are known stay."""
    sessions = Sessions(HandClock())
    tenants = []
    for number in range(100):
        _, session = sessions.begin()
        meter = MeterSerial(f"{number}")
        tenants.append(sessions.change(session, Level.METER, AccountNumber("A"), meter))
    for _ in range(MOST + 1000):
        sessions.begin()
    assert len(sessions) == MOST
    assert all(sessions.find(token) for token in tenants)
    figure(f"portal: {MOST + 1100} sessions begun, {len(sessions)} kept, 100 of 100 tenants' among")


def test_limits_come_back_and_are_bounded() -> None:
    """An emptied bucket says when to come again; a million addresses take no more room."""
    clock = HandClock()
    limits = Limits(clock.monotonic)
    for _ in range(60):
        assert limits.take(Limit.UNKNOWN, "a") == 0
    assert limits.take(Limit.UNKNOWN, "a") == 60
    assert limits.take(Limit.ORDER, "a") == 0  # paying has a bucket of its own
    assert limits.take(Limit.UNKNOWN, "b") == 0
    clock.forward(seconds=60)
    assert limits.take(Limit.UNKNOWN, "a") == 0
    assert limits.take(Limit.UNKNOWN, "a") == 60
    limits.give_back(Limit.UNKNOWN, "a")
    assert limits.take(Limit.UNKNOWN, "a") == 0
    for number in range(ADDRESSES_KEPT + 10):
        limits.take(Limit.ANY, str(number))
    assert len(limits) == ADDRESSES_KEPT


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.5", ["198.51.100.1"], "203.0.113.5"),  # no proxy of ours
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6", "198.51.100.1, 10.1.2.3"], "198.51.100.1"),
        ("127.0.0.1", ["10.9.9.9"], "10.9.9.9"),
        ("127.0.0.1", ["198.51.100.1, nonsense"], "127.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("::ffff:127.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        (None, ["198.51.100.1"], "0.0.0.0"),  # noqa: S104  # nobody
    ],
)
def test_client_is_the_rightmost_stranger(
    peer: str | None, forwarded: list[str], expected: str
) -> None:
    """What a client wrote itself stands left of what our proxies wrote."""
    client = client_of(peer, forwarded, ["https"], PROXIES)
    assert str(client.address) == expected
    assert client.is_secure is (peer not in {"203.0.113.5", None})


def test_a_subscribers_addresses_are_one() -> None:
    """Who has an IPv6 address has 2⁶⁴ of them."""
    first, second = (client_of(f"2001:db8::{n}", [], [], ()).key for n in (1, 2))
    assert first == second != client_of("2001:db8:0:1::1", [], [], ()).key


@pytest.mark.parametrize("path", ["/", "/m/33B0250100001-K", "/#/pay/01J", "/pay/x?y=z"])
def test_own_paths_lead_back(path: str) -> None:
    """What the page sends comes back."""
    assert own_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/x\r\nSet-Cookie: a=b",
        "/" + "x" * 300,
    ],
)
def test_nothing_leads_elsewhere(path: str) -> None:
    """Whatever browsers might take for another host leads to the first page."""
    assert own_path(path) == "/"


@given(st.text(string.printable + "\u00e9\uff0f", max_size=30))
def test_no_path_names_a_host(path: str) -> None:
    """A single slash, then no other one: a browser stays where it is."""
    found = own_path(path)
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))
    assert "\n" not in found


def test_own_origins() -> None:
    """The public address, and the host that was asked; nothing that only begins so."""
    public, host = "https://pay.mall.example", "127.0.0.1:8480"
    for origin in ("https://pay.mall.example", "http://127.0.0.1:8480"):
        assert is_own_origin(origin, public, host, is_secure=False)
    for origin in ("", "null", "http://pay.mall.example", "https://pay.mall.example.evil.example"):
        assert not is_own_origin(origin, public, host, is_secure=False)


def test_names_are_masked() -> None:
    """Enough to recognise one's own shop."""
    assert masked("Noodle House") == "No**** Ho***"
    assert masked("张三面馆") == "张***"
    assert masked("Al") == "A*"
    assert masked("") == "*"


def test_languages_have_the_same_texts() -> None:
    """No text is missing in a language, nor a gap in a text."""
    folder = Path(portal.__path__[0]) / "texts"
    every = {each: json.loads((folder / f"{each}.json").read_text("utf-8")) for each in LANGUAGES}
    english = every["en"]
    for language, texts in every.items():
        assert texts.keys() == english.keys(), language
        for key, text in texts.items():
            assert _gaps(text) == _gaps(english[key]), (language, key)


def test_no_text_is_left_over() -> None:
    """Every text is said somewhere."""
    folder = Path(portal.__path__[0])
    code = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    core = "".join(path.read_text("utf-8") for path in (folder.parent / "core").rglob("*.py"))
    adapters = (folder.parent / "adapters" / "payment").rglob("*.py")
    core += "".join(path.read_text("utf-8") for path in adapters)
    for key in json.loads((folder / "texts" / "en.json").read_text("utf-8")):
        kind, _, name = key.partition("_")
        if kind == "error":
            assert f'"{name}"' in code + core, key
        elif kind == "todo":
            assert f'"{key}"' in code, key
        else:
            assert name.removesuffix("_undated") in code + core, key


def _gaps(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("fr, ms-MY;q=0.5", "ms"),
        ("en;q=0.1, ms;q=0.9", "ms"),
        ("en;q=0, fr", "zh-Hans"),
        ("", "zh-Hans"),
        (";;;q=,," * 50, "zh-Hans"),
    ],
)
def test_language_is_the_browsers(header: str, language: str) -> None:
    """Else the site's, else English."""
    assert accepted_language(header, ("fr", "zh-Hans")) == language
    assert accepted_language("", ("fr",)) == "en"

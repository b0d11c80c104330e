"""Who wants more than is theirs: guessing, forging, flooding, and what they get."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
import time
from typing import Any, cast
from unittest.mock import patch

import aiohttp
from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.access.meter_reference import reference_of
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.portal import call as calls, listener
from custom_components.compere_prepaid.portal.limits import Limit
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import serial_of
from tests.payment.paper import PaperBank
from tests.portal.test_paying import wanted
from tests.portal.visiting import (
    NOODLES,
    TEA,
    Visitor,
    base_url,
    code_of,
    portal_of,
    portal_site,
    visitor,
)

GUESSES = 1000
HEADERS = {
    "Content-Security-Policy",
    "Cache-Control",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "Permissions-Policy",
}
PROXY = {"trusted_proxies": ["127.0.0.0/8"]}


def somewhere(number: int) -> str:
    """Return an address of the internet."""
    return f"203.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


async def test_guessing_meters_is_slow_and_paying_goes_on(
    site: CompereSite, mall: Mall, browser: Visitor, figure: Callable[[str], None]
) -> None:
    """A thousand made-up numbers from the tenants' own address: few answers, and all alike."""
    serial = serial_of(mall, NOODLES)
    async with visitor(site) as tenant:
        await tenant.choose(serial)
        answers: Counter[tuple[int, str]] = Counter()
        await browser.begin()
        for guess in range(GUESSES):
            if guess % 50 == 0:  # a new session for who needs one
                browser.http.cookie_jar.clear()
                await browser.begin()
            made_up = reference_of(f"33B025{guess:07}")
            status, answer = await browser.post("/api/find", meter=made_up)
            answers[status, answer["error"]["code"]] += 1
        assert set(answers) == {(404, "not_found"), (429, "too_many")}
        assert answers[404, "not_found"] <= 65
        status, answer = await browser.post("/api/find", meter=reference_of(serial))
        assert status == 429
        assert 1 <= answer["error"]["retry_after"] <= 360
        # others behind the same address: who has a meter pays, and who scans one comes in
        async with visitor(site) as next_door:
            await next_door.scan(site, serial)
            for limit in Limit:  # a flood that leaves their common address nothing at all
                while portal_of(site).gate.limits.take(limit, "127.0.0.1") == 0:
                    pass
            assert (await next_door.get("/api/overview"))[0] == 200
            assert (await next_door.post("/api/orders", **wanted("key-0000")))[0] == 201
            assert (await browser.post("/api/find", meter=reference_of(serial)))[0] == 429
        portal_of(site).gate.limits._addresses.clear()
        assert (await tenant.post("/api/orders", **wanted("key-0001")))[0] == 201
        async with visitor(site) as other:
            assert (await other.scan(site, serial))["level"] == 1
            assert (await other.post("/api/orders", **wanted("key-0002")))[0] == 201
    found = answers[404, "not_found"]
    figure(f"portal: {GUESSES} guesses at meters, {found} answered, the rest told to wait; 0 found")


@pytest.mark.slow
async def test_wrong_proofs_cannot_be_told_apart(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Unknown meter, no PIN, wrong PIN, locked PIN, wrong code: one status and one text."""
    async with portal_site(hass, mall, tmp_path, portal=PROXY) as site, visitor(site) as thief:
        await site.access.pins.set(AccountNumber(NOODLES), "271828")
        known, none = (reference_of(serial_of(mall, name)) for name in (NOODLES, TEA))
        times: dict[str, list[float]] = {"unknown": [], "no PIN": [], "wrong PIN": []}
        answers: Counter[str] = Counter()
        pins, digests = site.access.pins, 0
        elsewhere = pins.elsewhere

        async def counted(work: Callable[[], bytes]) -> bytes:
            nonlocal digests
            digests += 1
            return await elsewhere(work)

        pins.elsewhere = counted
        tags = GUESSES - 3 * 40
        for guess in range(GUESSES):
            if guess % 8 == 0:
                thief.headers["X-Forwarded-For"] = somewhere(guess)
                thief.http.cookie_jar.clear()
                await thief.begin()
            unknown = reference_of(f"33B9{guess:09}")
            if guess < tags:
                meter, proof = (known, unknown)[guess % 2], {"tag": f"{guess:022}"}
                kind = ""
            else:
                kind = ("unknown", "no PIN", "wrong PIN")[guess % 3]
                meter = {"unknown": unknown, "no PIN": none, "wrong PIN": known}[kind]
                proof = {"pin": f"{guess:06}"}
            began = time.perf_counter()
            status, answer = await thief.post("/api/access", meter=meter, **proof)
            if kind:
                times[kind].append(time.perf_counter() - began)
            answers[f"{status} {answer}"] += 1
        assert len(answers) == 1, answers
        assert next(iter(answers)).startswith("403")
        assert digests == sum(map(len, times.values()))  # each guess at a PIN costs the same work
        middle = {kind: median(found) * 1000 for kind, found in times.items()}
        told = ", ".join(f"{kind} {ms:.1f}" for kind, ms in middle.items())
        figure(f"portal: {GUESSES} wrong proofs, one answer; median ms of a guess at a PIN: {told}")


async def test_forged_forwarding_counts_for_nothing(
    site: CompereSite, browser: Visitor, figure: Callable[[str], None]
) -> None:
    """Who is no proxy of ours stays where they are, whatever they write about it."""
    answers: Counter[int] = Counter()
    await browser.begin()
    for guess in range(200):
        browser.headers["X-Forwarded-For"] = somewhere(guess)
        status, _ = await browser.post("/api/find", meter=reference_of(f"33B8{guess:09}"))
        answers[status] += 1
    assert answers[404] <= 60
    assert len(portal_of(site).gate.limits) == 1
    figure(f"portal: 200 forged addresses counted as 1, {answers[429]} guesses told to wait")


async def test_other_sites_cannot_act(site: CompereSite, mall: Mall, browser: Visitor) -> None:
    """No form, no other origin, no missing header changes anything."""
    serial = serial_of(mall, NOODLES)
    await browser.scan(site, serial)
    body, json_type = '{"language": "ms"}', "application/json"
    good = {"Content-Type": json_type, "Origin": browser.base, "X-CP-CSRF": browser.csrf}
    for change, status in (
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": f"{browser.base}.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"X-CP-CSRF": ""}, 403),
        ({"X-CP-CSRF": "x" * 22}, 403),
    ):
        got, answer = await browser.send("/api/settings", body, **(good | change))
        assert (got, "error" in answer) == (status, True), change
    del good["Origin"]
    assert (await browser.send("/api/settings", body, **good))[0] == 403
    assert site.tenants.choice(AccountNumber(NOODLES)).language == ""
    async with browser.http.options(f"{browser.base}/api/settings") as asked:
        assert asked.status == 405
        assert not [name for name in asked.headers if name.startswith("Access-Control")]


async def test_tokens_change_with_rights_and_cookies_are_shut(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """A planted session gains nothing; cookies are out of reach of scripts and of other sites."""
    async with portal_site(hass, mall, tmp_path, portal=PROXY) as site, visitor(site) as victim:
        serial = serial_of(mall, NOODLES)
        await victim.begin()
        [planted] = victim.http.cookie_jar
        await victim.scan(site, serial)
        [own] = victim.http.cookie_jar
        assert own.value != planted.value
        async with visitor(site) as thief:
            thief.http.cookie_jar.update_cookies({"cp": planted.value})
            assert (await thief.get("/api/overview"))[0] == 403
        assert (own.key, own["path"], own["domain"]) == ("cp", "/", "127.0.0.1")
        assert (own["httponly"], own["samesite"], own["secure"]) == (True, "Lax", "")
        https = {"X-Forwarded-Proto": "https"}
        assert (await victim.get("/api/overview"))[0] == 200
        assert (await victim.get("/api/overview", **https))[0] == 403  # another name is needed
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{victim.base}/api/session", headers=https) as got,
        ):
            assert (await got.json())["level"] == 0
            [line] = got.headers.getall("Set-Cookie")
            assert line.startswith("__Host-cp=")
            assert {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"} < set(line.split("; "))
            assert "Domain" not in line


async def test_every_answer_has_the_headers(site: CompereSite, browser: Visitor) -> None:
    """Also refusals, unknown paths, surprising methods and what is no request at all."""
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "BREW"):
        for path in ("/", "/api/session", "/api/find", "/nothing", "/assets/..%2fx", "/notify/x"):
            async with browser.http.request(method, browser.base + path) as got:
                assert got.status < 500 or path == "/", (method, path)
                assert set(got.headers) >= HEADERS, (method, path)
                assert "aiohttp" not in got.headers.get("Server", "")
                assert got.headers["Cache-Control"] == "no-store"
    for request in (
        b"no http at all\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        (
            b"POST /api/find HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
    ):
        answer = await raw(site, request)
        assert answer.startswith(b"HTTP/1."), request[:20]
        assert b"400" in answer.split(b"\r\n")[0]
        assert b"Content-Security-Policy" in answer
        assert b"aiohttp" not in answer


async def test_large_slow_and_strange_bodies(
    site: CompereSite, mall: Mall, browser: Visitor
) -> None:
    """Nobody holds a connection by dripping, nor memory by sending much."""
    await browser.begin()
    head = (
        f"POST /api/find HTTP/1.1\r\nHost: {browser.base.removeprefix('http://')}\r\n"
        f"Origin: {browser.base}\r\nX-CP-CSRF: {browser.csrf}\r\n"
        f"Cookie: cp={next(iter(browser.http.cookie_jar)).value}\r\n"
        "Content-Type: application/json\r\n"
    ).encode()
    large = await raw(site, head + b"Content-Length: 99999999\r\n\r\n")
    assert b" 413 " in large.split(b"\r\n")[0]
    chunks = b"".join(b"2000\r\n" + b"x" * 0x2000 + b"\r\n" for _ in range(4))
    assert b" 413 " in await raw(site, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    with patch.object(calls, "BODY_TIMEOUT_S", 0.2):
        slow = await raw(site, head + b"Content-Length: 20\r\n\r\n{")
    assert b" 400 " in slow.split(b"\r\n")[0]
    deep = "[" * 8000
    for body in (b"", b"[]", b"null", b"\xff", b'{"meter": 1}', b'{"meter": NaN}', deep.encode()):
        size = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        assert b" 400 " in (await raw(site, head + size + body)).split(b"\r\n")[0], body[:20]
    packed = (
        head + b"Content-Encoding: gzip\r\nConnection: close\r\nContent-Length: 4\r\n\r\n\x1f\x8b00"
    )
    assert b" 400 " in (await raw(site, packed)).split(b"\r\n")[0]
    assert b" 413 " in await raw(
        site, b"POST /notify/paper HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n"
    )


async def test_dripping_headers_end(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """A connection that never finishes its first request is closed."""
    with patch.object(listener, "IDLE_CONNECTION_S", 0.2):
        async with portal_site(hass, mall, tmp_path) as site:
            assert await raw(site, b"GET / HTTP/1.1\r\nHost: x\r\n") == b""
            assert portal_of(site).connections.total == 0


async def test_replayed_and_altered_notices(
    site: CompereSite,
    mall: Mall,
    bank: PaperBank,
    browser: Visitor,
    figure: Callable[[str], None],
) -> None:
    """A genuine notice counts once however often it comes; any other one not at all."""
    await browser.choose(serial_of(mall, NOODLES))
    _, ordered = await browser.post("/api/orders", **wanted("key-0001"))
    headers, body = bank.notice(bank.pay(ordered["id"]))
    altered = body.replace(b'"amount": 1', b'"amount": 9')
    assert altered != body
    forged = bank.notice(bank.pay(ordered["id"], txn="T9"), secret=b"guessed")
    refused = [(altered, headers), (body, {}), (forged[1], forged[0]), (b"{}", headers)]
    for content, signed in refused:
        assert (await browser.send("/notify/paper", content, **signed))[0] == 400
    assert site.book.account(NOODLES).balance == site.currency.parse("200")
    answers = await asyncio.gather(
        *(browser.send("/notify/paper", body, **headers) for _ in range(20))
    )
    assert {status for status, _ in answers} == {204}
    assert site.book.account(NOODLES).balance == site.currency.parse("300")
    assert (await browser.send("/notify/nobody", body, **headers))[0] == 404
    figure(f"portal: {len(refused)} altered notices refused, 1 replayed 20 times credited once")


async def test_scripts_in_names_stay_text(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """A name that is a script leaves only as JSON that no browser takes for a page."""
    script = "<script>alert(1)</script>"
    named = patch.dict(cast("dict[str, str]", mall.plan.tenants), {NOODLES: script})
    with named:
        async with portal_site(hass, mall, tmp_path) as site, visitor(site) as browser:
            await browser.scan(site, serial_of(mall, NOODLES))
            for path in ("/api/overview", "/api/session"):
                async with browser.http.get(browser.base + path) as got:
                    assert got.content_type == "application/json"
                    assert got.headers["X-Content-Type-Options"] == "nosniff"
                    policy = got.headers["Content-Security-Policy"]
                    assert "script-src 'self';" in policy
                    assert "unsafe" not in policy
            _, page = await browser.get("/")
            assert "alert(1)" not in str(page)
            assert (await browser.get("/api/overview"))[1]["name"] == script


async def test_codes_open_only_their_own_meter(site: CompereSite, mall: Mall) -> None:
    """The code of one shop opens no other, and what is no text is refused."""
    own, other = (serial_of(mall, name) for name in (NOODLES, TEA))
    code = await code_of(site, own)
    async with visitor(site) as browser:
        await browser.begin()
        strange: list[Any] = [code["tag"][:-1], code["tag"] + "A", "", "ÿ" * 22, "\ud800"]
        for tag in strange:
            status, _ = await browser.post("/api/access", meter=reference_of(own), tag=tag)
            assert status == 403
        status, _ = await browser.post("/api/access", meter=reference_of(other), tag=code["tag"])
        assert status == 403
        both = {"meter": reference_of(own), "tag": code["tag"], "pin": "000000"}
        assert (await browser.post("/api/access", **both))[0] == 400
        assert (await browser.post("/api/access", **code))[0] == 200


async def raw(site: CompereSite, request: bytes) -> bytes:
    """Send bytes, and return what comes until the other side closes."""
    host, port = base_url(site).removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    return answer

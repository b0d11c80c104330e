"""Asking WeChat Pay: signed requests, verified answers, a standby host, and no surprises.

The bytes that are signed are the bytes that are sent. Redirects are not followed, and nothing but
the configured hosts is ever asked. An answer that is no error counts only if it is genuine; every
request may be repeated, as our own numbers make them idempotent.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import json
from typing import Any

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    hdrs,
)
from yarl import URL

from ....core.clock import Clock
from ....core.payment.provider import RejectedError, RetryableError
from ..bounded import read
from .certificates import read_certificates
from .reading import read_json
from .settings import WeChatSettings
from .signing import Signer
from .verifying import Doubt, NotGenuineError, Verifier

ANSWER_LIMIT = 256 * 1024
FILE_LIMIT = 64 * 1024 * 1024
"""A bill, packed or not; a hundred thousand payments a day are 30 MiB."""

_TIMEOUT = ClientTimeout(total=10, sock_connect=4)
_FILE_TIMEOUT = ClientTimeout(total=120, sock_connect=4)
_CERTIFICATES_LAST = timedelta(hours=12)
_CERTIFICATES_PAUSE = timedelta(minutes=1)
"""So often at most a message with an unknown serial makes us fetch them again."""

_NEVER = datetime.min.replace(tzinfo=UTC)

_PASSING = frozenset(
    {"SYSTEM_ERROR", "BANK_ERROR", "BANKERROR", "RULE_LIMIT", "FREQUENCY_LIMITED"}
    | {"FREQUENCY_LIMIT_EXCEED", "RATELIMIT_EXCEEDED", "STATEMENT_CREATING"}
)
_REFUSED = {
    "SIGN_ERROR": "wechat_signature_refused",
    "MCH_NOT_EXISTS": "wechat_mchid_unknown",
    "APPID_MCHID_NOT_MATCH": "wechat_appid_not_bound",
    "NO_AUTH": "wechat_no_permission",
    "OUT_TRADE_NO_USED": "wechat_order_differs",
    "ORDERPAID": "wechat_order_over",
    "ORDER_PAID": "wechat_order_over",
    "ORDER_CLOSED": "wechat_order_over",
    "NOT_ENOUGH": "wechat_refund_no_money",
}
_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What WeChat said. `data` is empty of an answer without a body."""

    status: int
    data: Mapping[str, Any]
    doubt: Doubt | None
    """None of a genuine answer, as all are that are no error; of errors not all are signed."""

    @property
    def is_genuine(self) -> bool:
        """Tell whether WeChat itself said so."""
        return self.doubt is None

    @property
    def code(self) -> str:
        """Return the word that says what is wrong; empty if nothing is."""
        return "" if self.is_done else str(self.data.get("code", ""))

    @property
    def is_done(self) -> bool:
        """Tell whether what was asked for is done."""
        return self.status in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}

    def expect(self) -> Mapping[str, Any]:
        """Return the data; raises `RejectedError` if the answer is a refusal.

        WeChat says by a code what it refuses, and may be unable to sign that. An answer with
        neither is of somebody in between, e.g. a proxy's page: `RetryableError`.
        """
        if not self.is_done:
            if not self.code and not self.is_genuine:
                raise RetryableError("wechat_not_genuine", reason=self.status)
            raise RejectedError(
                _REFUSED.get(self.code, "wechat_refused"),
                code=self.code or self.status,
                message=str(self.data.get("message", ""))[:_SHOWN],
            )
        return self.data


class WeChatClient:
    """Speaks for one merchant."""

    def __init__(
        self,
        settings: WeChatSettings,
        signer: Signer,
        verifier: Verifier,
        session: ClientSession,
        clock: Clock,
    ) -> None:
        """Nothing is asked yet."""
        self._settings = settings
        self._signer = signer
        self._session = session
        self._clock = clock
        self._bases = tuple(URL(url) for url in (settings.base_url, settings.standby_url) if url)
        self._fetching = asyncio.Lock()
        self._tried_at = self._fetched_at = _NEVER
        self.verifier = verifier

    async def ask(
        self, method: str, target: str, content: Mapping[str, Any] | None = None
    ) -> Answer:
        """Send a request; `target` is path and query as they are signed and sent.

        Raises `RetryableError`: not reached, busy, or what came is not genuine.
        """
        await self._keep_certificates()
        try:
            return await self._ask_once(method, target, content)
        except NotGenuineError as error:
            if error.doubt is not Doubt.PROBE:
                raise _not_genuine(error) from error
        try:  # WeChat only wanted to see whether we look
            return await self._ask_once(method, target, content)
        except NotGenuineError as error:
            raise _not_genuine(error) from error

    async def fetch_file(self, url: str) -> bytes:
        """Return the file that an answer pointed to. It is not signed: check its hash."""
        try:
            address = URL(url)
            host = address.origin()
        except ValueError as error:
            raise RetryableError("wechat_answer_strange", reason="address") from error
        if host not in {base.origin() for base in self._bases}:
            raise RetryableError("wechat_answer_strange", reason="host")
        try:
            status, _, body = await self._send(
                "GET", address.raw_path_qs, b"", base=host, limit=FILE_LIMIT
            )
        except _UnconnectedError as error:
            raise RetryableError("wechat_unreachable") from error
        if status != HTTPStatus.OK:
            raise RetryableError("wechat_busy", code=status)
        return body

    async def prove_api_key(self) -> None:
        """Fetch certificates, which can be read only with the right APIv3 key.

        Raises `NotGenuineError` (`CONTENT`) if it is wrong. Accounts without certificates answer
        with an error, which proves nothing and is no fault.
        """
        status, _, body = await self._send_anywhere("GET", "/v3/certificates", b"")
        if status == HTTPStatus.OK:
            self._read_certificates(read_json(body))

    async def _ask_once(
        self, method: str, target: str, content: Mapping[str, Any] | None
    ) -> Answer:
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        status, headers, raw = await self._send_anywhere(method, target, body)
        doubt = None
        try:
            self.verifier.verify(headers, raw, self._clock.now())
        except NotGenuineError as error:
            doubt = error.doubt
            # A refusal may come without a signature, e.g. of a request that was signed wrongly.
            if status < HTTPStatus.BAD_REQUEST or doubt is Doubt.PROBE:
                raise
        data = _data(raw, status)
        answer = Answer(status=status, data=data, doubt=doubt)
        _refuse_passing(answer)
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            raise RetryableError("wechat_answer_strange", reason=status)
        return answer

    async def _send_anywhere(
        self, method: str, target: str, body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Ask the first host that can be connected to."""
        for base in self._bases[:-1]:
            with suppress(_UnconnectedError):
                return await self._send(method, target, body, base=base)
        try:
            return await self._send(method, target, body, base=self._bases[-1])
        except _UnconnectedError as error:
            raise RetryableError("wechat_unreachable") from error

    async def _send(
        self,
        method: str,
        target: str,
        body: bytes,
        *,
        base: URL | None = None,
        limit: int = ANSWER_LIMIT,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request to one host; its address may hold a path that comes before."""
        base = base or self._bases[0]
        path = base.raw_path.rstrip("/") + target
        headers: dict[str, str] = {
            hdrs.AUTHORIZATION: self._signer.authorization(
                method, path, body, int(self._clock.now().timestamp())
            ),
            hdrs.ACCEPT: "application/json",
            hdrs.CONTENT_TYPE: "application/json",
            hdrs.USER_AGENT: "compere_prepaid",
        }
        if self._settings.public_key_id:
            headers["Wechatpay-Serial"] = self._settings.public_key_id
        try:
            async with self._session.request(
                method,
                URL(f"{base.origin()}{path}", encoded=True),
                data=body or None,
                headers=headers,
                allow_redirects=False,
                timeout=_FILE_TIMEOUT if limit == FILE_LIMIT else _TIMEOUT,
            ) as response:
                status, found = response.status, response.headers
                answer = await read(response, limit)
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            raise _UnconnectedError from error
        except (ClientError, TimeoutError) as error:
            raise RetryableError("wechat_unreachable") from error
        if answer is None:
            raise RetryableError("wechat_answer_strange", reason="size")
        return status, found, answer

    async def _keep_certificates(self) -> None:
        """Fetch certificates where the account has them: at first, twice a day, when one is new."""
        if not self._settings.certificates:
            return
        async with self._fetching:
            now = self._clock.now()
            if self.verifier and now - self._tried_at < _CERTIFICATES_PAUSE:
                return
            is_fresh = now - self._fetched_at < _CERTIFICATES_LAST
            if is_fresh and not self.verifier.is_key_missing:
                return
            self._tried_at = now
            try:
                await self._fetch_certificates(now)
            except RetryableError, RejectedError:
                if not self.verifier:
                    raise

    async def _fetch_certificates(self, now: datetime) -> None:
        """Believe the certificates that are given out, if they sign what they came in."""
        status, headers, body = await self._send_anywhere("GET", "/v3/certificates", b"")
        if status != HTTPStatus.OK:
            answer = Answer(status=status, data=_data(body, status), doubt=Doubt.UNSIGNED)
            _refuse_passing(answer)
            answer.expect()
        try:
            known = self.verifier.with_keys(self._read_certificates(read_json(body)))
            known.verify(headers, body, now)
        except NotGenuineError as error:
            raise _not_genuine(error) from error
        self.verifier = known
        self._fetched_at = now

    def _read_certificates(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        return read_certificates(data, self._settings.apiv3_key.encode(), self._clock.now())


def _refuse_passing(answer: Answer) -> None:
    """Raise `RetryableError` for what may be different in a moment."""
    status = answer.status
    if (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR
        or status == HTTPStatus.TOO_MANY_REQUESTS
        or answer.code in _PASSING
    ):
        raise RetryableError("wechat_busy", code=answer.code or status)


class _UnconnectedError(Exception):
    """A host could not be connected to: nothing was sent."""


def _not_genuine(error: NotGenuineError) -> RetryableError:
    return RetryableError("wechat_not_genuine", reason=error.doubt.value)


def _data(raw: bytes, status: int) -> Mapping[str, Any]:
    """Return what an answer says; an error may be anything, e.g. a page of a proxy."""
    if not raw:
        return {}
    try:
        return read_json(raw)
    except NotGenuineError:
        if status >= HTTPStatus.BAD_REQUEST:
            return {}
        raise

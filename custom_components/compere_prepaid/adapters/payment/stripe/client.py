"""The few requests that Stripe is asked, on Home Assistant's HTTP session.

Bodies are forms, answers JSON. What went wrong becomes one of two errors: what may be asked again
(`RetryableError`) and what Stripe refused for good (`RejectedError`). No redirect is followed, no
answer is read without bounds, and neither keys nor bodies are ever part of an error.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
import json
from typing import Any
from urllib.parse import quote

import aiohttp

from ....core.payment.provider import RejectedError, RetryableError
from ..bounded import read
from .settings import StripeSettings

API_VERSION = "2024-06-20"
"""What answers look like, whatever the account's own default is."""

TIMEOUT = aiohttp.ClientTimeout(total=20, connect=10)
LONGEST_ANSWER = 4 * 1024 * 1024
PAGE = 100
MOST_PAGES = 50
_LONGEST_REASON = 200

type Json = Mapping[str, Any]


class StripeFailedError(RetryableError):
    """Stripe answered that it failed (5xx): it repeats that for the same idempotency key."""


@dataclass(frozen=True, slots=True)
class StripeClient:
    """Asks one Stripe account."""

    settings: StripeSettings
    session: aiohttp.ClientSession

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        """Return what stands at a path. Raises `RetryableError` and `RejectedError`."""
        return await self._ask("GET", path, query=query)

    async def post(self, path: str, form: Mapping[str, str], idempotency_key: str = "") -> Json:
        """Ask for something to be done. Raises `RetryableError` and `RejectedError`."""
        return await self._ask("POST", path, form=form, idempotency_key=idempotency_key)

    async def every(self, path: str, query: Mapping[str, str]) -> AsyncIterator[Json]:
        """Yield all objects of a list, newest first, page by page.

        Raises as `get`, and `RetryableError` where there is no end of them.
        """
        after: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = await self.get(path, {**query, "limit": str(PAGE), **after})
            items = page.get("data")
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise RetryableError("stripe_unreachable", reason="not a list of objects")
            for item in items:
                yield item
            if page.get("has_more") is not True or not items:
                return
            after = {"starting_after": str(items[-1].get("id", ""))}
        raise RetryableError("stripe_unreachable", reason="too many objects")

    async def _ask(
        self,
        verb: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        idempotency_key: str = "",
    ) -> Json:
        headers = {
            "Authorization": f"Bearer {self.settings.secret_key}",
            "Stripe-Version": API_VERSION,
            "Accept": "application/json",
        }
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        try:
            async with self.session.request(
                verb,
                f"{self.settings.base_url}/v1/{path}",
                params=query,
                data=form,
                headers=headers,
                timeout=TIMEOUT,
                allow_redirects=False,
            ) as response:
                status, body = response.status, await read(response, LONGEST_ANSWER)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise RetryableError("stripe_unreachable", reason=type(error).__name__) from error
        if body is None:
            raise RetryableError("stripe_unreachable", reason="an answer without end")
        return _understood(status, body)


def segment(text: str) -> str:
    """Return an id as it stands in a path, whatever it contains."""
    return quote(text, safe="")


def _understood(status: int, body: bytes) -> Json:
    """Return an answer's object; raise what an answer that is none means."""
    try:
        answer = json.loads(body)
    except ValueError, RecursionError:
        answer = None
    if status == 200 and isinstance(answer, dict):
        return answer
    refusal = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(refusal, dict):  # else it is somebody's in between, e.g. a proxy's page
        if status == 401:
            raise RejectedError("stripe_key_refused")
        if status == 403:
            raise RejectedError("stripe_key_too_weak", reason=_reason(refusal))
        if status in {400, 402, 404}:
            raise RejectedError("stripe_refused", reason=_reason(refusal))
    if status >= 500:
        raise StripeFailedError("stripe_unreachable", reason=f"HTTP {status}")
    raise RetryableError("stripe_unreachable", reason=f"HTTP {status}")


def _reason(refusal: Json) -> str:
    """Return why Stripe says that it refused, short and on one line."""
    said = [refusal.get(name) for name in ("code", "decline_code", "message")]
    text = ": ".join(part for part in said if isinstance(part, str) and part)
    return " ".join(text.split())[:_LONGEST_REASON] or "-"

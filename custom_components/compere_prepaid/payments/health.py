"""Whether payments would work: keys that are taken, notices that are believed, time, certificates.

Looked at from time to time, for whoever set the providers up may not look for months; what is found
is a repair issue, which goes by itself when it is mended.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
import ssl
from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.util.ssl import client_context
from yarl import URL

from .. import issues
from ..adapters.payment.wechat.merchant_certificate import merchant_certificate
from ..core.errors import InvalidInputError
from ..core.payment.provider import NoticeFault, PaymentProvider, RejectedError, RetryableError
from ..portal.settings import PortalSettings

if TYPE_CHECKING:
    from ..site import CompereSite

FIRST_LOOK_S = 600
EVERY = timedelta(hours=6)
WARNED_BEFORE = timedelta(days=30)
BELIEVED_AGAIN_AFTER = timedelta(days=7)
"""So long an altered payment is told of."""
REFUSED_TOO_OFTEN = 3
"""So many notices in a row whose signature fails are no accident."""
_ANSWER_S = 30
_CLOCK = "wechat_clock_off"
_EXPIRED = 10
"""OpenSSL's code for a certificate that has ended."""


class ProviderHealth:
    """Watches the providers of one site."""

    def __init__(self, site: CompereSite) -> None:
        """Watch nothing yet."""
        self._site = site
        self._faults: dict[NoticeFault, Counter[str]] = {
            NoticeFault.SIGNATURE: Counter(),
            NoticeFault.TIME: Counter(),
        }
        self._altered: dict[str, datetime] = {}

    @callback
    def async_start(self) -> None:
        """Follow notices, and look a while after the start and then regularly."""
        site = self._site
        site.payments.on_notice.append(self.notice_told)
        site.entry.async_on_unload(async_call_later(site.hass, FIRST_LOOK_S, self._look_soon))
        site.entry.async_on_unload(async_track_time_interval(site.hass, self._look_soon, EVERY))

    @callback
    def _look_soon(self, _now: datetime) -> None:
        self._site.spawn(self.async_look(), "look at payment providers")

    @callback
    def notice_told(self, key: str, fault: NoticeFault | None) -> None:
        """Take the verdict on a notice; a genuine one shows that keys and clock are right."""
        if fault is NoticeFault.NOISE:
            return
        site = self._site
        if fault is None:
            for counter in self._faults.values():
                counter.pop(key, None)
            issues.clear(site, issues.NOTICES_REFUSED, key)
            issues.clear(site, issues.CLOCK_OFF, key)
            return
        counter = self._faults[fault]
        counter[key] += 1
        if counter[key] >= REFUSED_TOO_OFTEN:
            kind = issues.CLOCK_OFF if fault is NoticeFault.TIME else issues.NOTICES_REFUSED
            issues.raise_of_provider(site, kind, key, site.payments.title_of(key))

    @callback
    def payment_altered(self, key: str, txn: str) -> None:
        """Take that a provider told otherwise of a payment before."""
        self._altered[txn] = self._site.clock.now()
        title = self._site.payments.title_of(key) or key
        issues.raise_payment_altered(self._site, title, txn)

    async def async_look(self) -> None:
        """Try every provider out, and look when certificates end."""
        site = self._site
        for key, provider in dict(site.payments.providers).items():
            await self._try(key, provider)
        await self._look_at_certificates()
        for txn, at in list(self._altered.items()):
            if site.clock.now() - at > BELIEVED_AGAIN_AFTER:
                del self._altered[txn]
                issues.clear(site, issues.PAYMENT_ALTERED, txn)

    @callback
    def forget(self, key: str) -> None:
        """Drop what is open about a provider that is gone."""
        for kind in issues.OF_PROVIDER:
            issues.clear(self._site, kind, key)

    async def _try(self, key: str, provider: PaymentProvider) -> None:
        site = self._site
        try:
            async with asyncio.timeout(_ANSWER_S):
                await provider.try_out()
        except RetryableError, TimeoutError:
            return  # it may be down: that says nothing about our keys
        except (RejectedError, InvalidInputError) as error:
            if key not in site.payments.providers:
                return
            title = site.payments.title_of(key)
            if error.key == _CLOCK:
                issues.raise_of_provider(site, issues.CLOCK_OFF, key, title)
            else:
                issues.raise_provider_refused(site, key, title, error)
            return
        issues.clear(site, issues.PROVIDER_REFUSED, key)
        issues.clear(site, issues.CLOCK_OFF, key)

    async def _look_at_certificates(self) -> None:
        site = self._site
        for runtime in site.standing.providers.values():
            subentry = site.entry.subentries[runtime.subentry_id]
            if pem := subentry.data.get("merchant_certificate"):
                ends = await site.hass.async_add_executor_job(_end_of, pem)
                self._keep_certificate(issues.MERCHANT_CERTIFICATE, runtime.key, ends)
        url = URL(PortalSettings.of(site.entry.options).public_url or "http://none")
        if url.scheme == "https" and url.host:
            if (ends := await _end_of_server(url.host, url.port or 443)) is not None:
                self._keep_certificate(issues.PORTAL_CERTIFICATE, "", ends)
        else:
            issues.clear(site, issues.PORTAL_CERTIFICATE, "")

    def _keep_certificate(self, kind: str, subject: str, ends: datetime | None) -> None:
        site, now = self._site, self._site.clock.now()
        if ends is None or ends - now > WARNED_BEFORE:
            issues.clear(site, kind, subject)
            return
        title = site.payments.title_of(subject) if subject else ""
        issues.raise_certificate(site, kind, subject, title, ends, is_over=ends <= now)


def _end_of(pem: str) -> datetime | None:
    try:
        return merchant_certificate(pem).ends
    except InvalidInputError:
        return None


async def _end_of_server(host: str, port: int) -> datetime | None:
    """Return when a server's certificate ends; None if it cannot be reached from here."""
    try:
        async with asyncio.timeout(_ANSWER_S):
            _, writer = await asyncio.open_connection(host, port, ssl=client_context())
    except ssl.SSLCertVerificationError as error:
        return datetime.fromtimestamp(0, UTC) if error.verify_code == _EXPIRED else None
    except OSError, TimeoutError:
        return None
    certificate = writer.get_extra_info("peercert")
    writer.close()
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)

"""The energy balance of a site's feeders, kept current hour by hour, and what is found in it.

Days that are over are remembered, so that an hour costs the work of two days; the whole month is
worked out once, at the start. Nobody waits for it: it is read apart, and worked out in a thread.
"""

import asyncio
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING

from . import issues
from .const import CONF_AREA, feeder_owner
from .core.balance.alarm import FeederStanding, LossAlarm, loss_alarm
from .core.balance.energy_balance import Balance
from .core.balance.events import EnergyFinding
from .core.balance.feeders import FEEDER, feeders_on
from .core.balance.findings import Finding, FindingKind
from .core.balance.survey import Neighbourhood, Survey, read_survey, survey, tell_once
from .core.ledger.records import Document
from .core.policy.protection import STANDARD_PROTECTION
from .core.prepayment.calendar import day_of, day_start
from .data_entities import DataEntities
from .entities.balance import FEEDER_SENSORS
from .runtimes import DataRuntime, FeederRuntime

if TYPE_CHECKING:
    from .core.ids import MeterSerial
    from .site import CompereSite

DAYS = 32
"""So many days decide on alarms; a month is within them."""

SURVEY_DAYS = 8
"""What is usual takes a week to know."""

_DAY = timedelta(days=1)

NEWS = frozenset({FindingKind.STANDS_STILL, FindingKind.LIKELY_BYPASS})
"""Findings that are told besides the losses; the others are there for who asks."""


class BalanceKeeper:
    """Keeps the balances of one site."""

    def __init__(self, site: CompereSite) -> None:
        """Keep them for this site."""
        self._site = site
        keys = (one.key for one in FEEDER_SENSORS)
        self._entities = DataEntities(site, FeederRuntime, feeder_owner, keys)
        self.mains: frozenset[MeterSerial] = frozenset()
        """The main meters there are today: what they measure, others measure too."""
        self.findings: tuple[Finding, ...] = ()
        """What was found when the day before was known whole, or soon after the start."""
        self._days: dict[str, dict[date, Balance]] = {}
        self._documents: tuple[Document, ...] | None = None
        self._worked_out: tuple[datetime, date] | None = None
        """Up to which hour it was worked out, and the day of that."""
        self._told_on: date | None = None
        """The day on which findings were told last."""
        self.looking: asyncio.Task[None] | None = None
        """What works it out at present, or did so last."""

    @property
    def feeders(self) -> Mapping[str, DataRuntime[FeederStanding]]:
        """By name, those that there are today."""
        return self._entities.runtimes

    async def async_on_clock(self) -> None:
        """Begin to work out what became known; raises what the ledger raises."""
        site = self._site
        if self.looking is not None and not self.looking.done():
            return
        documents = await site.ledger.read(lambda tx: tx.documents(FEEDER))
        now = site.clock.now()
        today = day_of(now, site.zone)
        is_new = documents != self._documents
        if is_new:
            self._told_on = None
        is_new_day = is_new or self._worked_out is None or self._worked_out[1] != today
        is_to_tell = self._told_on != today and site.hours.has_last_hour(now)
        if is_new_day or is_to_tell or (documents and self._is_behind()):
            look = self._look(documents, now, is_new=is_new, is_new_day=is_new_day, tell=is_to_tell)
            self.looking = site.spawn(site.reading_path.guarded(look), "energy balance")

    async def async_stop(self) -> None:
        """Let what is being worked out come to its end: the ledger is closed behind it."""
        if self.looking is not None:
            await asyncio.wait([self.looking])

    async def _look(
        self,
        documents: tuple[Document, ...],
        now: datetime,
        *,
        is_new: bool,
        is_new_day: bool,
        tell: bool,
    ) -> None:
        """Work it out; what was found is told once a day, when the day before is known whole."""
        today = day_of(now, self._site.zone)
        if is_new_day:
            feeders = feeders_on(documents, today).values()
            self.mains = frozenset(serial for feeder in feeders for serial in feeder.main)
        if is_new:
            self._days.clear()
        if is_new and documents:  # in pieces, for each takes memory
            for back in range(DAYS, SURVEY_DAYS, -SURVEY_DAYS):
                since = today - back * _DAY
                self._keep(await self._survey(since, since + SURVEY_DAYS * _DAY))
        days = SURVEY_DAYS if is_new or tell else 1
        found = await self._survey(today - days * _DAY, today + _DAY)
        self._keep(found)
        if tell:
            self.findings = found.findings
        self._documents, self._worked_out = documents, (now, today)
        self._show(feeders_on(documents, today), today)
        await self._tell(today, with_findings=tell)
        if tell:
            self._told_on = today

    def _is_behind(self) -> bool:
        """Tell whether more hours are known than were worked out."""
        written = self._site.hours.written_at
        return (
            written is not None and self._worked_out is not None and self._worked_out[0] < written
        )

    def _keep(self, found: Survey) -> None:
        """Remember the balances of days."""
        for name in found.feeders:
            kept = self._days.setdefault(name, {})
            kept |= found.days(name, self._site.zone)
            for day in sorted(kept)[:-DAYS]:
                del kept[day]

    async def async_survey(self, since: date, until: date) -> Survey:
        """Survey the days from one to before another, with all that is known now.

        Raises what the ledger raises.
        """
        await self._site.hours.async_write()
        return await self._survey(since, until)

    async def _survey(self, since: date, until: date) -> Survey:
        site, around = self._site, self._neighbourhood()
        now, zone = site.clock.now(), site.zone
        read = await site.ledger.survey(
            lambda tx: read_survey(tx, since, until, zone, around.present)
        )
        return await site.hass.async_add_executor_job(survey, read, around, zone, now)

    def alarms(self) -> Mapping[str, LossAlarm]:
        """Return the alarms that stand, by feeder."""
        standing = {name: runtime.coordinator.data for name, runtime in self.feeders.items()}
        return {name: one.alarm for name, one in standing.items() if one.alarm is not None}

    def alarm_findings(self) -> list[Finding]:
        """Return the alarms that stand, as findings."""
        return [_of_alarm(name, alarm, self._site) for name, alarm in self.alarms().items()]

    def _neighbourhood(self) -> Neighbourhood:
        site = self._site
        nights: dict[MeterSerial, tuple[int, int]] = {}
        let: set[MeterSerial] = set()
        for serial in site.meters:
            meter = site.book.meters.get(serial)
            account = site.book.accounts.get(meter.account) if meter and meter.account else None
            protection = account.policy.protection if account else STANDARD_PROTECTION
            nights[serial] = protection.night
            if account is not None and not account.owner:
                let.add(serial)
        areas = {serial: meter.data.get(CONF_AREA) or "" for serial, meter in site.meters.items()}
        return Neighbourhood(present=frozenset(site.meters), areas=areas, nights=nights, let=let)

    def _standing(self, name: str, today: date) -> FeederStanding:
        days = self._days.get(name, {})
        of_month = [days[day] for day in sorted(days) if day >= today.replace(day=1)]
        whole = [(day, days[day]) for day in sorted(days) if day < today]
        return FeederStanding(
            today=days.get(today),
            yesterday=days.get(today - _DAY),
            month=reduce(Balance.plus, of_month) if of_month else None,
            alarm=loss_alarm(whole),
        )

    def _show(self, present: Collection[str], today: date) -> None:
        """Let entities follow: feeders come and go with their documents."""
        for name in self.feeders.keys() - set(present):
            self._days.pop(name, None)
            issues.clear(self._site, issues.UNEXPLAINED_LOSS, name)
        self._entities.follow({name: self._standing(name, today) for name in present})

    async def _tell(self, today: date, *, with_findings: bool) -> None:
        """Raise or take back issues, and tell once what was found."""
        site, alarms = self._site, self.alarms()
        for name in self.feeders:
            if name in alarms:
                issues.raise_unexplained_loss(site, name, alarms[name])
            else:
                issues.clear(site, issues.UNEXPLAINED_LOSS, name)
        if not with_findings:
            return
        found = self.alarm_findings()
        found += [finding for finding in self.findings if finding.kind in NEWS]
        if not found or site.ledger.refusal is not None:
            return
        for finding in await site.ledger.run(lambda tx: tell_once(tx, found, today)):
            site.emit(
                EnergyFinding(
                    at=site.clock.now(),
                    kind=finding.kind,
                    feeder=finding.feeder,
                    meter=finding.meter or "",
                    energy_wh=finding.energy_wh,
                    since=finding.since,
                    until=finding.until,
                )
            )


def _of_alarm(name: str, alarm: LossAlarm, site: CompereSite) -> Finding:
    return Finding(
        kind=FindingKind.UNEXPLAINED_LOSS,
        since=day_start(alarm.since, site.zone),
        until=day_start(alarm.through + _DAY, site.zone),
        energy_wh=alarm.balance.unexplained_wh,
        feeder=name,
        detail={
            "days": alarm.days,
            "main_wh": alarm.balance.main_wh,
            "loss_wh": alarm.balance.loss_wh,
            "expected_wh": alarm.balance.expected_wh,
            "loss_ppm": alarm.balance.loss_ppm or 0,
        },
    )

"""The commissioning report of a meter: one page of HTML that can be printed and signed.

It holds what the records say and nothing else: what was not done is told as not done. The page
needs nothing from anywhere, and everything in it that somebody typed is escaped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeassistant.loader import async_get_integration

from ..authority import user_name
from ..const import (
    CONF_ADDRESS,
    CONF_AREA,
    CONF_BREAKER,
    CONF_MULTIPLIER,
    CONF_POWER_SCALE,
    DOMAIN,
)
from ..core.commissioning.verdict import Finding, Verdict, thousandths_text
from ..core.ids import MeterSerial
from ..core.metering.reading import Quantity
from ..printing import filled_in
from ..runtimes import MeterRuntime
from .checking import runtime_of
from .records import Record, RecordKind, async_latest, moment_of_record
from .wording import language_for, sentence, texts

if TYPE_CHECKING:
    from ..site import CompereSite

TEMPLATE = Path(__file__).with_name("report.html.jinja")

_BASES = {
    "voltage": "V",
    "current": "A",
    "reactive_power": "var",
    "apparent_power": "VA",
    "power_factor": "",
    "power": "W",
    "frequency": "Hz",
}


@dataclass(frozen=True, slots=True)
class _Page:
    """What a report says, in one language."""

    site: CompereSite
    runtime: MeterRuntime
    texts: Mapping[str, str]
    language: str
    users: Mapping[str, str]

    def identity(self) -> list[tuple[str, str]]:
        data, profile, t = self.runtime.data, self.runtime.device.profile, self.texts
        account = self.site.book.meter(self.runtime.serial).account
        name = "" if account is None else self.site.book.account(account).name
        return [
            (t["name"], self.runtime.name),
            (t["serial"], self.runtime.serial),
            (t["model"], f"{profile.manufacturer} {profile.model}"),
            (t["profile"], profile.name),
            (t["area"], data.get(CONF_AREA) or t["none"]),
            (t["bus"], self.runtime.bus.name),
            (t["address"], str(data[CONF_ADDRESS])),
            (t["breaker"], f"{data[CONF_BREAKER]} A"),
            (t["transformer_ratio"], str(data.get(CONF_MULTIPLIER) or 1)),
            (t["power_scale"], str(data.get(CONF_POWER_SCALE) or 1)),
            (t["account"], f"{account} {name}" if account else t["none"]),
        ]

    def checks(self, record: Record | None) -> dict[str, Any] | None:
        if record is None:
            return None
        return {
            "done": self._done(record),
            "rows": [
                {
                    "check": self.texts[f"check_{finding.check}"],
                    "kind": finding.verdict.value,
                    "verdict": self.texts[finding.verdict.value],
                    "text": sentence(finding, self.language),
                }
                for finding in findings_of(record)
            ],
            "told": [
                (self._datum(quantity), value_text(quantity, record["values"][quantity]))
                for quantity in Quantity
                if quantity in record["values"]
            ],
        }

    def unverified(self, record: Record | None, *, relay: bool, credit: bool) -> list[Any]:
        """Tell of each unproved datum how it was looked at here, if it was."""
        tested = {"relay": relay, "stored_credit": credit}
        rows = []
        for name in self.runtime.device.profile.unverified():
            if tested.get(name):
                how = self.texts["by_test"]
            elif (finding := _check_of(name, record)) is not None:
                how = self.texts["by_check"].format(
                    check=self.texts[f"check_{finding.check}"],
                    verdict=self.texts[finding.verdict.value],
                )
            else:
                how = self.texts["by_display"]
            rows.append({"name": self._datum(name), "how": how})
        return rows

    def relay(self, record: Record | None) -> dict[str, Any] | None:
        if record is None:
            return None
        t = self.texts
        verdict = Verdict.PASSED if record["passed"] else Verdict.FAILED
        if record["passed"] and not record["had_load"]:
            verdict = Verdict.ATTENTION
        rows = [
            (t[label], self._seconds(record[key]))
            for label, key in (("relay_opened", "opened_s"), ("relay_closed", "closed_s"))
        ]
        rows += [
            (t[label], f"{thousandths_text(record[key], 2)} A")
            for label, key in (
                ("current_before", "current_before_ma"),
                ("current_open", "current_open_ma"),
            )
            if record[key] is not None
        ]
        notes = [] if record["had_load"] else [t["no_load"]]
        if record["held_by"]:
            notes.append(t["held_by"].format(holds=", ".join(record["held_by"])))
        return {
            "done": self._done(record),
            "kind": verdict.value,
            "verdict": t[verdict.value],
            "rows": rows,
            "notes": notes,
        }

    def credit(self, record: Record | None) -> dict[str, Any] | None:
        if record is None:
            return None
        readings = " → ".join(thousandths_text(reading) for reading in record["readings_wh"])
        restored = "credit_restored" if record["restored"] else "credit_not_restored"
        return {
            "done": self._done(record),
            "text": self.texts[f"credit_{record['writing']}"].format(readings=readings),
            "restored": self.texts[restored],
        }

    def _datum(self, name: str) -> str:
        """Return what people call a datum; a user's own profile may name what we do not."""
        return self.texts.get(f"datum_{name}", name)

    def _done(self, record: Record) -> str:
        at = moment_of_record(record).astimezone(self.site.zone)
        user = self.users[record["user"]]
        return self.texts["done_on"].format(at=local_text(at), user=user)

    def _seconds(self, seconds: float | None) -> str:
        if seconds is None:
            return self.texts["never"]
        return self.texts["seconds"].format(seconds=f"{seconds:.2f}")


async def async_report(site: CompereSite, serial: MeterSerial, language: str) -> str:
    """Return the report of a meter as HTML. Raises `InvalidInputError` (`meter_unknown`)."""
    runtime = runtime_of(site, serial)
    language = language_for(language)
    checks = await async_latest(site, RecordKind.CHECKS, serial)
    relay = await async_latest(site, RecordKind.RELAY, serial)
    credit = await async_latest(site, RecordKind.STORED_CREDIT, serial)
    users = {
        record["user"]: await user_name(site.hass, record["user"])
        for record in (checks, relay, credit)
        if record is not None
    }
    integration = await async_get_integration(site.hass, DOMAIN)
    printed = local_text(site.clock.now().astimezone(site.zone))

    def render() -> str:
        page = _Page(site, runtime, texts(language), language, users)
        values = {
            "t": page.texts,
            "language": language,
            "site": site.name,
            "printed": printed,
            "version": str(integration.version),
            "meter": runtime,
            "identity": page.identity(),
            "checks": page.checks(checks),
            "unverified": page.unverified(
                checks, relay=relay is not None, credit=credit is not None
            ),
            "relay": page.relay(relay),
            "credit": page.credit(credit),
        }
        return filled_in(TEMPLATE, values)

    return await site.hass.async_add_executor_job(render)


def findings_of(record: Record) -> list[Finding]:
    """Return the findings that a record of checks holds."""
    return [
        Finding(
            check=finding["check"],
            verdict=Verdict(finding["verdict"]),
            finding=finding["finding"],
            values=finding["values"],
        )
        for finding in record["findings"]
    ]


def value_text(quantity: Quantity, value: int) -> str:
    """Return a value of a reading with its unit."""
    if quantity.is_energy:
        return f"{thousandths_text(value)} kWh"
    unit = next((unit for base, unit in _BASES.items() if quantity.startswith(base)), "")
    return f"{thousandths_text(value)} {unit}".rstrip()


def local_text(at: datetime) -> str:
    """Return an instant as the page shows it: 2026-03-02 12:00 +08:00."""
    return f"{at:%Y-%m-%d %H:%M} {at:%:z}"


def _check_of(name: str, record: Record | None) -> Finding | None:
    """Return the check that speaks of a datum: all powers stand and fall with their unit."""
    if record is None or not name.startswith(("power", "reactive_power", "apparent_power")):
        return None
    return next((finding for finding in findings_of(record) if finding.check == "power_unit"), None)

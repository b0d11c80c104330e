"""The value report of a site: figures as data, and as a page of HTML to be printed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeassistant.loader import async_get_integration

from ..const import DOMAIN
from ..core.ledger.ports import LedgerTransaction
from ..core.money.amount import Currency
from ..core.value.figure import Figure
from ..core.value.leakage import Leak
from ..core.value.reading import Asked, read_facts
from ..core.value.report import Known, sections_of
from ..printing import REPORTS, async_write_page, filled_in
from ..statements.downloads import link_to
from .wording import (
    formula_text,
    given_text,
    input_text,
    note_text,
    shown,
    texts,
    unit_text,
)

if TYPE_CHECKING:
    from ..site import CompereSite

TEMPLATE = Path(__file__).with_name("report.html.jinja")


@dataclass(frozen=True, slots=True)
class _Words:
    """Turns figures into what people and automations read."""

    language: str
    currency: Currency

    def figure(self, one: Figure) -> dict[str, Any]:
        """Return a figure as data, with its label and notes in words."""
        return {
            "name": one.name,
            "label": texts(self.language)["figures"][one.name],
            "value": shown(one, self.currency.digits),
            "unit": unit_text(one.unit, self.currency.code, self.language),
            "formula": one.formula,
            "inputs": {name: given_text(given) for name, given in one.inputs.items()},
            "notes": [note_text(note, self.language) for note in one.notes],
        }

    def row(self, one: Figure) -> dict[str, Any]:
        """Return a figure as a row of the page."""
        inputs = (
            f"{input_text(name, self.language)}: {given_text(given)}"
            for name, given in one.inputs.items()
        )
        data = self.figure(one)
        return data | {
            "unit_label": data["unit"],
            "formula_label": formula_text(one, self.language),
            "inputs_label": " · ".join(inputs),
        }

    def title(self, section: str) -> str:
        """Return the title of a topic, with the month or feeder that it is about."""
        topic, _, about = section.partition(":")
        name = texts(self.language)["sections"][topic]
        return f"{name} {about}".rstrip()


async def async_value_report(
    site: CompereSite, asked: Asked, known: Known, language: str, *, page: bool
) -> dict[str, Any]:
    """Return all figures by topic, with path and link of the page if one is wanted.

    Raises `InvalidInputError` (`feeder_unknown`).
    """
    words = _Words(language, site.currency)
    integration = await async_get_integration(site.hass, DOMAIN)
    printed = site.clock.now().astimezone(site.zone)

    def make(tx: LedgerTransaction) -> tuple[dict[str, Any], str]:
        facts = read_facts(tx, asked)
        sections = sections_of(facts, known, site.currency)
        leaks = [_leak(leak) for leak in facts.watched.leaks]
        answer: dict[str, Any] = {
            "since": asked.period.since.isoformat(),
            "until": asked.period.until.isoformat(),
            "sections": {
                name: [words.figure(one) for one in figures] for name, figures in sections.items()
            },
            "leaks": leaks,
        }
        if not page:
            return answer, ""
        before = asked.before
        return answer, filled_in(
            TEMPLATE,
            {
                "t": texts(language),
                "language": language,
                "site": site.name,
                "time": f"{asked.period.since} – {asked.period.last}",
                "before": "" if before is None else f"{before.since} – {before.last}",
                "printed": f"{printed:%Y-%m-%d %H:%M}",
                "version": str(integration.version),
                "sections": [
                    {"title": words.title(name), "figures": [*map(words.row, figures)]}
                    for name, figures in sections.items()
                ],
                "leaks": leaks,
            },
        )

    answer, html = await site.ledger.survey(make)
    if page:
        name = f"value-{asked.period.since}-{asked.period.last}"
        file = await async_write_page(site, name, html, site.press.folder / REPORTS)
        answer |= {"page": str(file), "link": link_to(site, file)}
    return answer


def _leak(leak: Leak) -> Mapping[str, Any]:
    return {
        "meter": leak.meter,
        "since": leak.since.isoformat(),
        "nights": leak.nights,
        "usual_w": leak.usual_wh,
        "excess_kwh_a_day": f"{leak.energy_wh / leak.nights / 1000:.1f}",
        "ended": leak.ended,
    }

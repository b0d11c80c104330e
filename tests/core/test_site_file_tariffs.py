"""Tariffs and calendars in a site file: what only the whole file can know, with its lines."""

from datetime import date

import pytest

from custom_components.compere_prepaid.core.documents import DocumentError
from custom_components.compere_prepaid.core.site_file import parse_site_file
from custom_components.compere_prepaid.core.site_file_text import dump_site_file
from custom_components.compere_prepaid.core.tariff.calendar_days import Calendar
from custom_components.compere_prepaid.core.tariff.model import Tariff

SITE = """\
site: {name: Mall, currency: CNY, time_zone: Asia/Shanghai}
calendars:
  - {name: China, days: {2026-10-01: holiday, 2026-10-10: mon, 2026-10-04: sunday_like}}
  - name: Europe
    days:
      2026-12-25: holiday
tariffs:
  - name: Retail
    valid_from: 2026-01-01
    base_price: 0.6000
    prices: {peak: +50 %, flat: 0 %, valley: "-50 %"}
    seasons:
      - {name: wet, months: [6-10], percent: -10}
      - {name: dry, months: [12-4], percent: 20}
    calendar: China
    schedule:
      - {days: [holiday], slots: {"00:00": valley}}
      - slots:
          - {from: "07:00", to: "11:00", period: peak}
          - {from: "11:00", to: "19:00", period: flat}
          - {from: "19:00", to: "23:00", period: peak}
          - {from: "23:00", to: "07:00", period: valley}
    tax: {percent: 15, included: false, lines: {standing: {percent: 6, included: true}}}
  - name: Retail
    valid_from: 2026-01-01
    revision: 2
    prices: {flat: 0.6}
"""


def faults(text: str) -> list[str]:
    """Return everything that is wrong with a text."""
    with pytest.raises(DocumentError) as caught:
        parse_site_file(text, file="mall.yaml")
    return [str(fault) for fault in caught.value.faults]


def test_calendars_and_revisions_are_read() -> None:
    """Days may be written on one line or on many; a day may have several revisions."""
    site = parse_site_file(SITE, file="mall.yaml")
    assert site.calendars[1] == Calendar(name="Europe", days={date(2026, 12, 25): "holiday"})
    tariff = Tariff.of(site.tariffs, {calendar.name: calendar.days for calendar in site.calendars})
    first = tariff.find_exact(date(2026, 1, 1), 1)
    assert tariff.versions[0].revision == 2
    assert first is not None
    assert first.prices == {"peak": 900_000, "flat": 600_000, "valley": 300_000}
    assert first.period_on(date(2026, 10, 1), 600) == "valley"
    assert first.period_on(date(2026, 10, 2), 600) == "peak"


def test_what_is_written_is_for_people() -> None:
    """A calendar on one line, a tariff one key a line, percentages as percentages."""
    text = dump_site_file(parse_site_file(SITE, file="mall.yaml"))
    assert parse_site_file(text, file="mall.yaml") == parse_site_file(SITE, file="mall.yaml")
    lines = text.splitlines()
    assert lines[4:7] == [
        "calendars:",
        (
            "  - {name: China, days: {'2026-10-01': holiday, '2026-10-04': sunday_like, "
            "'2026-10-10': mon}}"
        ),
        "  - {name: Europe, days: {'2026-12-25': holiday}}",
    ]
    assert "    prices: {peak: +50 %, flat: 0 %, valley: -50 %}" in lines
    assert (
        "    seasons: [{name: wet, months: [6-10], percent: -10}, {name: dry, months: [1-4, '12'], "
        "percent: 20}]" in lines
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "calendar: China",
            "calendar: Chin",
            [
                (
                    "line 15: tariffs[0].calendar: there is no calendar 'Chin' in this file, "
                    "did you mean 'China'?"
                )
            ],
        ),
        (
            "days: [holiday], ",
            "days: [holliday], ",
            [
                (
                    "line 17: tariffs[0].schedule[0].days[0]: no day of the calendar is a "
                    "'holliday', did you mean 'holiday'?"
                )
            ],
        ),
        (
            "name: Europe",
            "name: China",
            ["line 4: calendars[1].name: 'China' stands twice, also on line 3"],
        ),
        (
            "revision: 2",
            "revision: 1",
            [
                (
                    "line 25: tariffs[1].valid_from: the tariff has a version from 2026-01-01 "
                    "already, on line 9"
                )
            ],
        ),
        (
            "2026-12-25: holiday",
            "2026-12-32: holiday",
            [
                (
                    "line 6: calendars[1].days.2026-12-32: as a key: must be a date like "
                    "2026-01-31, not '2026-12-32'"
                )
            ],
        ),
        (
            'from: "23:00"',
            'from: "22:30"',
            [
                (
                    "line 22: tariffs[0].schedule[1].slots[3]: on days mon-sun, months 1-12, "
                    "22:30 to 23:00 is in two slots, 'peak' from 19:00 to 23:00 and 'valley' "
                    "from 22:30 to 07:00: end one of them earlier"
                )
            ],
        ),
        (
            'to: "07:00"',
            'to: "02:00"',
            [
                (
                    "line 16: tariffs[0].schedule: names no price for days mon-sun, months 1-12, "
                    "from 02:00 to 07:00: add a slot or a rule for these hours"
                )
            ],
        ),
        (
            "months: [12-4]",
            "months: [10-4]",
            [
                (
                    "line 14: tariffs[0].seasons[1]: seasons 'wet' and 'dry' both hold on 10-01 to "
                    "10-31: a day has one season"
                )
            ],
        ),
        (
            "percent: -10",
            "percent: -10.0001",
            [
                f"line 13: tariffs[0].seasons[0].percent: the price '{period}' in season 'wet' "
                f"would be {value}: a price per kWh has at most 6 decimals; change the "
                "percentage, or write prices instead"
                for period, value in (
                    ("peak", "0.8099991"),
                    ("flat", "0.5399994"),
                    ("valley", "0.2699997"),
                )
            ],
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(before: str, after: str, expected: list[str]) -> None:
    """And with the hours, days and names that it is about."""
    assert before in SITE
    found = faults(SITE.replace(before, after, 1))
    assert found == expected

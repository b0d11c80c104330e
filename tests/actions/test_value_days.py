"""What a user knows of days: a table, and a temperature that Home Assistant has statistics of."""

from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.util.unit_conversion import TemperatureConverter
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.value.facts import Period
from custom_components.compere_prepaid.value.days_file import read_days
from custom_components.compere_prepaid.value.temperature import async_temperatures
from simulator.mall import Mall
from tests.site_fixtures import running_site

OUTSIDE = "sensor.outside"


def test_table() -> None:
    """Columns in any order; what is empty is not known."""
    found = read_days("\ufeffDay, temperature ,kwh\n2026-10-01, 21.4,1830.5\n2026-10-02,,7\n\n")
    assert found.energy_wh == {date(2026, 10, 1): 1_830_500, date(2026, 10, 2): 7000}
    assert found.temperature == {date(2026, 10, 1): Decimal("21.4")}
    assert found.occupied == {}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "days_columns_wrong"),
        ("kwh\n1", "days_columns_wrong"),
        ("day,kwh,kwh\n2026-10-01,1,2", "days_columns_wrong"),
        ("day,price\n2026-10-01,1", "days_columns_wrong"),
        ("day,kwh\n2026-13-01,1", "days_line_wrong"),
        ("day,kwh\n2026-10-01,1e99", "days_line_wrong"),
        ("day,kwh\n2026-10-01,many", "days_line_wrong"),
        ("day,kwh\n" + "2026-10-01,1\n" * 4001, "days_too_many"),
    ],
    ids=["empty", "no day", "twice", "other", "no date", "too large", "no number", "too many"],
)
def test_table_that_cannot_be_read(text: str, key: str) -> None:
    """Each has its reason."""
    with pytest.raises(InvalidInputError) as refusal:
        read_days(text)
    assert refusal.value.key == key


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever somebody pastes, nothing else is raised."""
    for table in (text, f"day,kwh\n{text}"):
        with suppress(InvalidInputError):
            read_days(table)


async def test_temperature_of_days(
    hass: HomeAssistant, recorder_mock: Recorder, mall: Mall, tmp_path: Path
) -> None:
    """The mean of a day of the site's zone, in °C; a day of which half is missing is not known."""
    async with running_site(hass, mall, tmp_path) as site:
        period = Period(since=date(2026, 2, 1), until=date(2026, 2, 4), zone=site.zone)

        def fahrenheit(place: int) -> float:
            return 50.0 if place < 24 else 59.0 if place % 2 else 77.0

        metadata = StatisticMetaData(
            mean_type=StatisticMeanType.ARITHMETIC,
            has_sum=False,
            name="Outside",
            source="recorder",
            statistic_id=OUTSIDE,
            unit_class=TemperatureConverter.UNIT_CLASS,
            unit_of_measurement="°F",
        )
        start: datetime = period.begin
        rows = [
            StatisticData(start=start + timedelta(hours=place), mean=fahrenheit(place))
            for place in range(60)
        ]
        async_import_statistics(hass, metadata, rows)
        await async_wait_recording_done(hass)
        assert await async_temperatures(site, OUTSIDE, period) == {
            date(2026, 2, 1): 10,
            date(2026, 2, 2): 20,
        }
        with pytest.raises(InvalidInputError, match="temperature_without_statistics"):
            await async_temperatures(site, "sensor.other", period)

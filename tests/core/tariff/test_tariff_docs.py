"""The examples of the manual are tariffs that can be copied."""

from pathlib import Path
import re

import pytest

from custom_components.compere_prepaid.core.site_file import parse_site_file
from custom_components.compere_prepaid.core.site_file_text import dump_site_file
from custom_components.compere_prepaid.core.tariff.model import Tariff

MANUAL = (Path(__file__).parents[3] / "docs" / "tariffs.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", MANUAL, re.DOTALL | re.MULTILINE)
SITE = "site: {name: Mall, currency: CNY, time_zone: Asia/Shanghai}\n"


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_can_be_copied(example: str) -> None:
    """It is read without a fault, its calendar is there, and an export reads the same."""
    site = parse_site_file(SITE + example, file="example")
    calendars = {calendar.name: calendar.days for calendar in site.calendars}
    for name in {version.name for version in site.tariffs}:
        Tariff.of([version for version in site.tariffs if version.name == name], calendars)
    assert parse_site_file(dump_site_file(site), file="export") == site


def test_there_are_examples() -> None:
    """One for each part."""
    assert len(EXAMPLES) >= 9


def test_the_prices_of_the_seasons_are_those_in_the_comments() -> None:
    """The manual tells what the percentages give."""
    (example,) = (one for one in EXAMPLES if "name: Hydro" in one)
    hydro = parse_site_file(SITE + example, file="example").tariffs[0]
    for season in hydro.seasons:
        told = ", ".join(f"{name} {price / 10**6:g}" for name, price in season.prices.items())
        assert f"# {told}" in example

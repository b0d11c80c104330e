"""The example of the documentation is worked out here, line by line."""

from datetime import date
from pathlib import Path

from custom_components.compere_prepaid.core.allocation import notes
from custom_components.compere_prepaid.core.allocation.document import pool_from
from custom_components.compere_prepaid.core.allocation.explaining import explanation, money
from custom_components.compere_prepaid.core.allocation.inputs import total_of
from custom_components.compere_prepaid.core.allocation.wording import words_of
from custom_components.compere_prepaid.core.documents import Document, read_document
from custom_components.compere_prepaid.core.ids import AccountNumber
from tests.core.allocation.runs import USD, cost, only, run, stay

PAGE = (Path(__file__).parents[3] / "docs" / "allocation.md").read_text("utf-8")
ENGLISH = words_of("en")


def rows(head: str) -> list[list[str]]:
    """Return the cells of the page's table that has this head."""
    lines = PAGE.split(head, 1)[1].split("\n\n", 1)[0].strip().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def whole(text: str) -> int:
    """Read a whole number with spaces between thousands."""
    return int(text.replace(" ", ""))


def test_the_example_by_hand() -> None:
    """Each line and each sum of the page is what comes out of the page's own pool and units."""
    written = read_document(PAGE.split("```yaml\n")[1].split("```")[0], file="allocation.md")
    rule = pool_from(Document(data=written.data["pools"][0], lines={}), USD, file="allocation.md")
    stays = []
    for unit, account, square, _, kwh in rows("| unit | account | m² | days | kWh |"):
        number, _, part = account.partition(", ")
        days = {
            "until the 15th": {"until": date(2026, 10, 16)},
            "from the 16th": {"since": date(2026, 10, 16)},
        }.get(part, {})
        tenant = None if number == "vacant" else number
        energy = whole(kwh) * 1000
        stays.append(stay(tenant, unit=unit, square=whole(square), energy_wh=energy, **days))
    costs = (cost(12_000, "Chilled water"), cost(8_000, "Maintenance", fixed=True))
    found = run(rule, {"Cooling": costs}, *stays)
    assert rows("| account | line | amount |") == [
        [
            account,
            explanation(line, period_days=31, currency=USD, words=ENGLISH),
            money(line.amount, USD, ENGLISH),
        ]
        for account, lines in found.shares.items()
        for line in lines
    ]
    sums = ", ".join(
        f"{account} {money(total_of(found.shares[AccountNumber(account)]), USD, ENGLISH)}"
        for account in found.shares
    )
    assert f"Together {money(only(found).cost, USD, ENGLISH)}: {sums}." in PAGE
    assert only(found).notes == (notes.CAPPED_AT_COST,)


def test_all_notes_are_documented() -> None:
    """And nothing else is."""
    documented = {row[0].strip("`").split(":")[0] for row in rows("| note | meaning |")}
    assert documented == {value for name, value in vars(notes).items() if name.isupper()}

"""A statement on paper: page, PDF and table say the same, in every language, whatever is in it."""

from collections.abc import Iterator
import csv
from io import BytesIO
import json
from pathlib import Path
import re
from typing import Any
from xml.etree import ElementTree as ET
import zipfile

from hypothesis import given, settings, strategies as st
from pypdf import PdfReader
import pytest

from custom_components.compere_prepaid.adapters.statement_paper.chart import Bar, bars_svg
from custom_components.compere_prepaid.adapters.statement_paper.lines import grouped
from custom_components.compere_prepaid.adapters.statement_paper.page import page_of, page_policy
from custom_components.compere_prepaid.adapters.statement_paper.pdf import pdf_of
from custom_components.compere_prepaid.adapters.statement_paper.sheets import (
    COLUMNS,
    CsvSheet,
    XlsxSheet,
    rows_of,
)
from custom_components.compere_prepaid.adapters.statement_paper.view import Statement
from custom_components.compere_prepaid.adapters.statement_paper.wording import (
    LANGUAGES,
    language_for,
    words_of,
)
from custom_components.compere_prepaid.core.statement.model import Group
from tests.adapters.paper_statements import EVIL, ISSUED, NAME, POOL, sample

XHTML = "{http://www.w3.org/1999/xhtml}"
TITLES = {"en": "Corrected statement of account", "zh-Hans": "账户对账单（更正）"}
FOLDER = Path(page_of.__code__.co_filename).parent


def statement(content: dict[str, Any] | None = None) -> Statement:
    """Return an issued statement."""
    return Statement(
        site="Riverside Mall 河滨广场",
        content=content if content is not None else sample(),
        number=12,
        issued_at=ISSUED,
    )


def squeezed(text: str) -> str:
    """Return text without what typesetting puts between its letters."""
    return re.sub(r"[\s\u200b]", "", text)


def cells_of(page: str) -> Iterator[str]:
    """Yield the text of each cell of a page's tables, piece by piece."""
    root = ET.fromstring(page.removeprefix("<!DOCTYPE html>\n"))  # noqa: S314  -- our own page
    for tag in ("td", "th"):
        for cell in root.iter(f"{XHTML}{tag}"):
            yield from (text for text in cell.itertext() if text.strip())


@pytest.mark.parametrize("language", LANGUAGES)
def test_pdf_says_what_the_page_says(language: str) -> None:
    """Every cell of the page is in the PDF, also Chinese names; both are of one language."""
    page = page_of(statement(), language)
    pdf = PdfReader(BytesIO(pdf_of(page, statement())))
    text = squeezed("".join(one.extract_text() for one in pdf.pages))
    cells = list(cells_of(page))
    assert len(cells) > 80
    assert [cell for cell in cells if squeezed(cell) not in text] == []
    for said in (NAME, POOL, "Riverside Mall 河滨广场", EVIL, words_of(language, "CNY")["check"]):
        assert squeezed(said) in text
    assert f'lang="{language}"' in page
    assert str(pdf.root_object["/Lang"]).split("-")[0] == language.split("-", maxsplit=1)[0]
    assert pdf.metadata is not None
    assert "A-101" in (pdf.metadata.title or "")


def test_table_has_every_line_of_the_page(tmp_path: Path) -> None:
    """Each amount of the page's lines is in the CSV file, which adds up to the closing balances."""
    made = statement()
    sheet = CsvSheet(tmp_path / "lines.csv")
    sheet.add(made)
    sheet.close()
    rows = list(csv.DictReader((tmp_path / "lines.csv").read_text("utf-8-sig").splitlines()))
    assert tuple(rows[0]) == COLUMNS
    funds = made.content["funds"]
    assert len(rows) == sum(len(fund["lines"]) + 2 for fund in funds.values())
    page = squeezed("".join(cells_of(page_of(made, "en"))))
    for row in rows:
        assert f"{abs(float(row['shown'])):,.2f}" in page
    for fund in funds:
        of_fund = [row for row in rows if row["fund"] == fund]
        total = sum(round(float(row["shown"]) * 100) for row in of_fund[:-1])
        assert total == round(float(of_fund[-1]["shown"]) * 100)


def test_what_was_typed_is_text(tmp_path: Path) -> None:
    """Markup is shown as it was typed, control characters vanish, formulas do not reckon."""
    content = sample()
    content["name"] = "=1+1\x0b\x00<b>"
    page = page_of(statement(content), "en")
    assert EVIL not in page
    assert "=1+1��&lt;b&gt;" in page
    assert pdf_of(page, statement(content)).startswith(b"%PDF")
    for kind, name in ((CsvSheet, "lines.csv"), (XlsxSheet, "lines.xlsx")):
        sheet = kind(tmp_path / name)
        sheet.add(statement(content))
        sheet.close()
    assert "'=1+1" in (tmp_path / "lines.csv").read_text("utf-8-sig")


def test_letters_that_no_font_has() -> None:
    """A name in another script does not keep a statement from being printed."""
    content = sample()
    content["name"] = "கடை 가게 \N{SLICE OF PIZZA}"
    kept, plain = (
        pdf_of(page_of(statement(one), "en"), statement(one)) for one in (sample(), content)
    )
    assert b"pdfaid" in kept
    assert b"pdfaid" not in plain
    assert "Closing balance" in PdfReader(BytesIO(plain)).pages[0].extract_text()


def test_workbook_goes_on_to_another_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spreadsheet has a last row; what comes after it is not lost."""
    monkeypatch.setattr(XlsxSheet, "LAST_ROW", 10)
    sheet = XlsxSheet(tmp_path / "lines.xlsx")
    sheet.add(statement())
    sheet.close()
    with zipfile.ZipFile(tmp_path / "lines.xlsx") as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        rows = sum(book.read(name).count(b"<row ") - 1 for name in sheets)
    assert len(sheets) == 2
    assert rows == len(list(rows_of(statement())))


def test_old_statements_are_printed() -> None:
    """What an earlier version kept, without groups, comparison and charts, is printed too."""
    content = sample()
    for key in ("form", "readings", "taxes", "debts", "comparison", "chart", "corrects", "period"):
        del content[key]
    for fund in content["funds"].values():
        del fund["groups"]
        for line in fund["lines"]:
            for key in (
                "group",
                "allocation",
                "correction",
                "base",
                "base_shown",
                "quantity",
                "demand",
            ):
                line.pop(key, None)
    page = page_of(statement(content), "en")
    assert "Standing charge" in page
    assert "2,345.678" in page  # the last reading, of the lines
    assert "<svg" not in page
    found = [group for fund in content["funds"].values() for group in grouped(fund)]
    assert sorted(found) == sorted({*Group} - {"shared_energy"})
    assert pdf_of(page, statement(content)).startswith(b"%PDF")


def test_unknown_is_not_nothing() -> None:
    """A period without data says so, a day without data has no bar."""
    page = page_of(statement(), "en")
    assert page.count("no data") == 2  # of last year: energy and cost
    assert page.count("stroke-dasharray") == 3  # a day and two months
    empty = bars_svg("x", "t", "d", [Bar("1", None), Bar("2", 0)])
    assert "<rect" not in empty


def test_same_page_gives_the_same_file() -> None:
    """A PDF that is printed again is the same to the byte."""
    page = page_of(statement(), "en")
    assert pdf_of(page, statement()) == pdf_of(page, statement())


def test_policy_is_that_of_the_style_in_the_page() -> None:
    """A browser is told the fingerprint of the style that is in the page, and nothing more."""
    first = page_policy(page_of(statement(), "en"))
    assert first == page_policy(page_of(statement(sample(1)), "ms"))
    assert first != page_policy("<style>b{}</style>")
    assert "'unsafe" not in first
    assert 'style="' not in page_of(statement(), "en")


@settings(max_examples=25, deadline=None)
@given(
    name=st.text(max_size=40),
    number=st.integers(1, 10**9),
    wh=st.integers(0, 10**12),
    language=st.sampled_from(LANGUAGES),
)
def test_any_text_makes_a_page(name: str, number: int, wh: int, language: str) -> None:
    """Whatever a tenant is called, the page is well-formed and says it."""
    content = sample(1, shift=wh)
    content["name"] = content["funds"]["electricity"]["lines"][0]["tariff"] = name
    made = Statement(site=name, content=content, number=number, issued_at=ISSUED)
    page = page_of(made, language)
    ET.fromstring(page.removeprefix("<!DOCTYPE html>\n"))  # noqa: S314  -- our own page


def test_every_language_has_every_text() -> None:
    """The texts have the same keys and the same gaps; and a language is found for any."""
    texts = {
        language: json.loads((FOLDER / "texts" / f"{language}.json").read_text("utf-8"))
        for language in LANGUAGES
    }
    gaps = {
        language: {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in found.items()}
        for language, found in texts.items()
    }
    for form in ("date_form", "month_form"):
        for found in gaps.values():
            del found[form]
    assert gaps["en"] == gaps["zh-Hans"] == gaps["ms"]
    assert [language_for(tag) for tag in ("zh_CN", "ms-MY", "de", "")] == [
        "zh-Hans",
        "ms",
        "en",
        "en",
    ]

"""Tables of meters: whatever a spreadsheet writes is read, or refused in words."""

import csv
import io

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.documents import DocumentError
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.meters_file import (
    COLUMNS,
    MAX_ROWS,
    NEEDED,
    read_meters,
)
from custom_components.compere_prepaid.core.table_file import MAX_CHARACTERS, decode_table

CELLS = st.text(st.characters(codec="utf-8", min_codepoint=32), max_size=12)


@given(st.text(max_size=300))
def test_any_text_is_a_table_or_refused(text: str) -> None:
    """Nothing but our own error comes out, and what comes out has known columns only."""
    try:
        document = read_meters(text, file="meters")
    except DocumentError:
        return
    assert all(set(meter) <= set(COLUMNS) for meter in document.data["meters"])


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(raw: bytes) -> None:
    """What is no UTF-8 is named by its line."""
    try:
        expected = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        with pytest.raises(InvalidInputError) as refusal:
            decode_table(raw, file="meters")
        assert refusal.value.key == "file_not_utf8"
        assert int(refusal.value.placeholders["line"]) <= raw.count(b"\n") + 1
    else:
        assert decode_table(raw, file="meters") == expected


@given(
    st.lists(st.tuples(*[CELLS] * len(COLUMNS)), max_size=8),
    st.sampled_from([",", ";", "\t"]),
    st.permutations(COLUMNS),
)
def test_what_a_spreadsheet_writes_is_read(
    rows: list[tuple[str, ...]], delimiter: str, columns: list[str]
) -> None:
    """Quotes, delimiters in cells, any order of columns; lines are those of the file."""
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(columns)
    writer.writerows(rows)
    document = read_meters(file.getvalue(), file="meters")
    meters = document.data["meters"]
    assert len(meters) == len(rows)
    for index, (row, meter) in enumerate(zip(rows, meters, strict=True)):
        given_cells = {c: cell.strip() for c, cell in zip(columns, row, strict=True)}
        assert set(meter) == {column for column, cell in given_cells.items() if cell}
        assert document.lines[f"meters[{index}]"] == index + 2


def test_numbers_are_read_where_numbers_belong() -> None:
    """A serial number of digits stays text, a decimal comma is a point."""
    head = ";".join([*NEEDED, "floor_area", "floor", "labels"])
    row = "007;A;East;1;x;40;35,5;Ground floor;food | late opening|"
    document = read_meters(f"{head}\n{row}\n", file="meters")
    (meter,) = document.data["meters"]
    assert (meter["serial"], meter["address"], str(meter["floor_area"])) == ("007", 1, "35.5")
    assert (meter["floor"], meter["labels"]) == ("Ground floor", ["food", "late opening"])


@pytest.mark.parametrize("text", ["x" * (MAX_CHARACTERS + 1), "a\n" * (MAX_ROWS + 5)])
def test_tables_that_are_too_large_are_refused(text: str) -> None:
    """Before they cost memory."""
    with pytest.raises(DocumentError):
        read_meters(text, file="meters")

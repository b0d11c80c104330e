"""The lines of a statement as tables, a table for each group of lines.

Content that earlier versions kept has no groups; then a line's kind says where it belongs.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ...core.statement.model import Group, group_of as group_of_code
from .shares import pool_text, reckoning_text
from .table import Column, Kind, Row, Table
from .wording import Words, kwh, number, rate

type Line = Mapping[str, Any]


def group_of(line: Line) -> str:
    """Return the group that a line belongs to."""
    return line.get("group") or group_of_code(line["kind"])


def grouped(fund: Mapping[str, Any]) -> dict[str, list[Line]]:
    """Return a fund's lines by group, in order; groups without lines are left out."""
    groups: dict[str, list[Line]] = {group: [] for group in Group}
    for line in fund["lines"]:
        groups.setdefault(group_of(line), []).append(line)
    return {group: lines for group, lines in groups.items() if lines}


def shown_sum(lines: Iterable[Line]) -> Decimal:
    """Return what lines make together, as people see it."""
    return sum((Decimal(line["shown"]) for line in lines), Decimal(0))


def table_of(words: Words, fund: str, group: str, lines: list[Line]) -> Table:
    """Return a group's lines as a table that ends with their sum, where there are several."""
    columns, cells = _LAYOUTS.get(group, _DATED)
    rows = [Row(cells=(*cells(words, line), number(line["shown"]))) for line in lines]
    if len(rows) > 1:
        blank = [""] * (len(columns) - 1)
        if group == "energy":
            blank[-2] = kwh(sum(line["energy_wh"] for line in lines))
        rows.append(Row(cells=(words["total"], *blank, number(shown_sum(lines))), is_sum=True))
    titles = (*columns, ("amount", Kind.NUMBER))
    return Table(
        name=f"{fund}-{group}",
        title=words.texts.get(f"group_{group}", words["group_other"]),
        columns=tuple(Column(words[title], kind) for title, kind in titles),
        rows=tuple(rows),
    )


def readings_table(words: Words, content: Mapping[str, Any]) -> Table | None:
    """Return the readings of the registers that were charged, if any was."""
    registers = content.get("readings") or list(_registers(content))
    if not registers:
        return None
    rows = []
    for one in registers:
        begin, end = (datetime.fromisoformat(one[key]) for key in ("from", "to"))
        cells = (
            one["meter"],
            f"{words.moment(begin)} – {words.moment(end)}",
            *(kwh(one[key]) for key in ("from_wh", "to_wh", "energy_wh")),
        )
        rows.append(Row(cells=cells))
    numbers = ("reading_from", "reading_to", "energy")
    return Table(
        name="readings",
        title=words["readings"],
        columns=(
            Column(words["meter"]),
            Column(words["from_to"], Kind.WIDE),
            *(Column(words[title], Kind.NUMBER) for title in numbers),
        ),
        rows=tuple(rows),
    )


def _registers(content: Mapping[str, Any]) -> Iterable[Line]:
    """Return the readings of a statement that does not tell them apart from its lines."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for fund in content["funds"].values():
        for line in fund["lines"]:
            if "from_wh" not in line:
                continue
            one = found.setdefault((line["meter"], line["generation"]), {**line, "energy_wh": 0})
            one["energy_wh"] += line["energy_wh"]
            if line["from_wh"] < one["from_wh"]:
                one |= {key: line[key] for key in ("from_wh", "from")}
            if line["to_wh"] > one["to_wh"]:
                one |= {key: line[key] for key in ("to_wh", "to")}
    return found.values()


def line_text(words: Words, line: Line) -> str:
    """Return what a line is for, in words."""
    kind = line["kind"]
    if kind == "tax":
        return _tax(words, line)
    text = words.named("line", kind)
    if (demand := line.get("demand")) is not None:
        period = words.named("period", demand["period"]) if demand["period"] else ""
        measured = [
            f"{kwh(line.get('quantity', 0))} {demand['quantity']}",
            words.fill("minutes", minutes=demand["minutes"]),
        ]
        told = ", ".join(part for part in (demand["name"], period, *measured) if part)
        text = f"{text}\n{told}"
    elif item := line.get("item", ""):
        text = f"{text}: {item}"
    if kind in {"standing", "service"} and line["count"] > 1:
        text = f"{text} ({words.fill('entries', count=line['count'])})"
    return f"{text} ({words['late']})" if line.get("late") else text


def _tax(words: Words, line: Line) -> str:
    ppm = line.get("item", "")
    return words.fill("line_tax", rate=rate(int(ppm)) if ppm.isdecimal() else ppm).strip()


def _energy_cells(words: Words, line: Line) -> tuple[str, ...]:
    begin, end = (datetime.fromisoformat(line[key]) for key in ("from", "to"))
    known = [words.named("period", line["period"])] if line["period"] else []
    if line["tier"]:
        known.append(words.fill("tier", tier=line["tier"]))
    known += [words[said] for said in ("estimated", "late") if line.get(said)]
    version = words.day(date.fromisoformat(line["valid_from"]))
    return (
        line["meter"],
        f"{words.moment(begin)}\n{words.moment(end)}",
        f"{line['tariff']}, {words.fill('revision', day=version)}\n{', '.join(known)}".strip(),
        kwh(line["energy_wh"]),
        words.money(line["price"]),
    )


def _share_cells(words: Words, line: Line) -> tuple[str, ...]:
    share = line.get("allocation")
    if share is None:
        return line_text(words, line), line.get("reason", "")
    return pool_text(words, share), reckoning_text(words, share)


def _fee_cells(words: Words, line: Line) -> tuple[str, ...]:
    return (line_text(words, line),)


def _tax_cells(words: Words, line: Line) -> tuple[str, ...]:
    base = line.get("base_shown")
    return line_text(words, line), "" if base is None else number(base)


def _dated_cells(words: Words, line: Line) -> tuple[str, ...]:
    about = [line_text(words, line), line.get("reason", "")]
    return (
        words.day(datetime.fromisoformat(line["at"]).date()),
        "\n".join(text for text in about if text),
        line.get("transfer", ""),
    )


def _correction_cells(words: Words, line: Line) -> tuple[str, ...]:
    day, text, _ = _dated_cells(words, line)
    correction = line.get("correction")
    if correction is None:
        return day, text
    begin, end = (datetime.fromisoformat(correction[key]) for key in ("since", "until"))
    said = [text, words.fill("corrected", span=words.span(begin, end))]
    if correction["statements"]:
        numbers = ", ".join(str(one) for one in correction["statements"])
        said.append(words.fill("corrected_statements", numbers=numbers))
    for when in ("before", "after"):
        said += [f"{words[when]}: {_priced(words, part)}" for part in correction[when]]
    return day, "\n".join(said)


def _priced(words: Words, part: Mapping[str, Any]) -> str:
    about = [f"{kwh(part['energy_wh'])} kWh", f"{part['tariff']} {part['valid_from']}"]
    if part["period"]:
        about.append(words.named("period", part["period"]))
    if part["tier"]:
        about.append(words.fill("tier", tier=part["tier"]))
    return f"{', '.join(about)}: {words.money(part['amount'])}"


type _Cells = Callable[[Words, Line], tuple[str, ...]]
type _Layout = tuple[tuple[tuple[str, Kind], ...], _Cells]

_DATED: _Layout = (
    (("date", Kind.TEXT), ("what", Kind.WIDE), ("reference", Kind.WIDE)),
    _dated_cells,
)

_LAYOUTS: Mapping[str, _Layout] = {
    "energy": (
        (
            ("meter", Kind.TEXT),
            ("from_to", Kind.TEXT),
            ("tariff", Kind.WIDE),
            ("energy", Kind.NUMBER),
            ("price", Kind.NUMBER),
        ),
        _energy_cells,
    ),
    **dict.fromkeys(
        ("shared_energy", "shared_service"),
        ((("pool", Kind.WIDE), ("how", Kind.WIDE)), _share_cells),
    ),
    "fees": ((("what", Kind.WIDE),), _fee_cells),
    "corrections": (_DATED[0][:2], _correction_cells),
    "taxes": ((("what", Kind.WIDE), ("base", Kind.NUMBER)), _tax_cells),
    "debts": ((("what", Kind.WIDE),), _fee_cells),
}

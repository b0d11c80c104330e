"""A statement's content in words: what stands on its page, in one language.

It takes the plain data that the ledger keeps, so a statement that was issued years ago is printed
as it was, in any of our languages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ...core.statement.model import Group
from .chart import Bar, bars_svg
from .lines import grouped, readings_table, shown_sum, table_of
from .table import Column, Kind, Part, Row, Sheet, Table
from .wording import Words, kwh, number, rate

type Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement that is to be printed: where it is from, and its content."""

    site: str
    content: Content
    number: int
    issued_at: datetime


def sheet_of(statement: Statement, words: Words) -> Sheet:
    """Return what stands on a statement's page."""
    content = statement.content
    corrects = content.get("corrects")
    title = words["corrected_title" if corrects else "title"]
    account = f"{words['account']} {content['account']}"
    which = f"{words['number']} {statement.number}"
    return Sheet(
        language=words.language,
        title=title,
        subject=f"{title} · {which} · {account}",
        site=statement.site,
        facts=_facts(statement, words),
        notes=(words.fill("corrects", number=corrects),) if corrects else (),
        summary=_summary(content, words),
        parts=_parts(content, words),
        comparison=_comparison(content, words),
        charts=_charts(content, words),
        check_title=words["check"],
        checks=_checks(content, words),
        made_by=words["made_by"],
        running=f"{statement.site} · {account} · {which}",
    )


def _facts(statement: Statement, words: Words) -> tuple[tuple[str, str], ...]:
    content = statement.content
    begin, end = (datetime.fromisoformat(content[key]) for key in ("since", "until"))
    return (
        (words["account"], content["account"]),
        (words["name"], content["name"]),
        (words["number"], str(statement.number)),
        (words["period"], words.span(begin, end)),
        (words["issued"], words.moment(statement.issued_at)),
        (words["currency"], content["currency"]),
    )


def told_funds(content: Content) -> Mapping[str, Mapping[str, Any]]:
    """Return the funds in which something is, or happened; at least the first one."""
    funds: Mapping[str, Mapping[str, Any]] = content["funds"]
    told = {
        name: fund
        for name, fund in funds.items()
        if fund["lines"] or Decimal(fund["opening"]) or Decimal(fund["closing"])
    }
    return told or {name: funds[name] for name in list(funds)[:1]}


def _summary(content: Content, words: Words) -> Table:
    """Return the sums of each fund; the funds have no sum together, for they never mix."""
    funds = told_funds(content)
    sums = {
        name: {group: shown_sum(lines) for group, lines in grouped(fund).items()}
        for name, fund in funds.items()
    }

    def row(title: str, amounts: list[Decimal | None], *, is_sum: bool = False) -> Row:
        cells = ("" if amount is None else number(amount) for amount in amounts)
        return Row(cells=(title, *cells), is_sum=is_sum)

    rows = [
        row(words["opening"], [Decimal(fund["opening_shown"]) for fund in funds.values()]),
        *(
            row(words[f"group_{group}"], [by_group.get(group) for by_group in sums.values()])
            for group in Group
            if any(group in by_group for by_group in sums.values())
        ),
    ]
    closings = [Decimal(fund["closing_shown"]) for fund in funds.values()]
    rows.append(row(words["closing"], list(closings), is_sum=True))
    return Table(
        name="summary",
        title=words["summary"],
        columns=(
            Column(words["what"], Kind.WIDE),
            *(Column(words[f"fund_{name}"], Kind.NUMBER) for name in funds),
        ),
        rows=tuple(rows),
        notes=tuple(_told_taxes(content, words) + _debts_left(content, words)),
    )


def _told_taxes(content: Content, words: Words) -> list[str]:
    """Return the taxes that prices contain: they are told, and not charged once more."""
    return [
        words.fill(
            "tax_included",
            rate=rate(tax["ppm"]),
            base=number(tax["base_shown"]),
            tax=number(tax["tax_shown"]),
        )
        for tax in content.get("taxes", ())
        if tax["included"]
    ]


def _debts_left(content: Content, words: Words) -> list[str]:
    debts = [debt for debt in content.get("debts", ()) if Decimal(debt["owed"])]
    if not debts:
        return []
    each = (f"{debt['name']} {words.money(debt['owed'])}" for debt in debts)
    return [words.fill("debts_left", debts=", ".join(each))]


def _parts(content: Content, words: Words) -> tuple[Part, ...]:
    parts = []
    for name, fund in told_funds(content).items():
        groups = grouped(fund)
        tables = [table_of(words, name, group, lines) for group, lines in groups.items()]
        if "energy" in groups and (readings := readings_table(words, content)) is not None:
            tables.insert(0, readings)
        if tables:
            title = words.fill("details_of", fund=words[f"fund_{name}"])
            parts.append(Part(title=title, tables=tuple(tables)))
    return tuple(parts)


def _comparison(content: Content, words: Words) -> Table | None:
    comparison = content.get("comparison")
    if comparison is None:
        return None
    names = (("this", "this_period"), ("last", "last_period"), ("year", "last_year"))
    this = comparison["this"]
    rows = []
    for key, title in names:
        usage = comparison[key]
        if usage is None:
            rows.append(Row(cells=(words[title], "", *[words["no_data"]] * 2, "", "", "")))
            continue
        begin, end = (datetime.fromisoformat(usage[at]) for at in ("since", "until"))
        rows.append(
            Row(
                cells=(
                    f"{words[title]}\n{words.span(begin, end)}",
                    str(usage["days"]),
                    kwh(usage["energy_wh"], 1),
                    number(usage["cost_shown"]),
                    kwh(usage["energy_wh_per_day"], 1),
                    number(usage["cost_per_day_shown"]),
                    "" if key == "this" else _change(this, usage),
                )
            )
        )
    titles = ("length", "energy_used", "energy_cost", "per_day", "cost_per_day", "change")
    return Table(
        name="comparison",
        title=words["comparison"],
        columns=(
            Column(words["period"], Kind.WIDE),
            *(Column(words[title], Kind.NUMBER) for title in titles),
        ),
        rows=tuple(rows),
        notes=(words["change_note"],),
    )


def _change(this: Content, then: Content) -> str:
    """Return how much more energy a day takes than it took then."""
    before: int = then["energy_wh_per_day"]
    if not before:
        return "–"
    tenths = ((this["energy_wh_per_day"] - before) * 2000 + before) // (2 * before)
    sign = "+" if tenths > 0 else ""
    return f"{sign}{number(Decimal(tenths).scaleb(-1))} %"


def _charts(content: Content, words: Words) -> tuple[tuple[str, str], ...]:
    chart = content.get("chart") or {}
    drawn = []
    if days := chart.get("days"):
        known = [(date.fromisoformat(one["day"]), one["energy_wh"]) for one in days]
        bars = [Bar(str(day.day), wh) for day, wh in known]
        drawn.append(_drawn("days", words, bars, [(words.day(day), wh) for day, wh in known]))
    if months := chart.get("months"):
        known = [(date.fromisoformat(f"{one['month']}-01"), one["energy_wh"]) for one in months]
        last = len(known) - 1
        # This month and the same one of the year before stand out.
        bars = [
            Bar(f"{month:%m}/{month:%y}", wh, strong=(last - place) % 12 == 0)
            for place, (month, wh) in enumerate(known)
        ]
        drawn.append(_drawn("months", words, bars, [(words.month(day), wh) for day, wh in known]))
    return tuple(drawn)


def _drawn(
    name: str, words: Words, bars: list[Bar], told: list[tuple[str, int | None]]
) -> tuple[str, str]:
    """Return a chart's title and drawing; `told` is what each bar is called, and its Wh."""
    known = [(label, wh) for label, wh in told if wh is not None]
    title = words[f"chart_{name}"]
    if not known:
        return title, bars_svg(name, title, words["no_data"], bars)
    day, most = max(known, key=lambda one: one[1])
    description = words.fill(
        f"chart_{name}_desc",
        first=told[0][0],
        last=told[-1][0],
        most=kwh(most, 1),
        day=day,
        total=kwh(sum(wh for _, wh in known), 1),
    )
    return title, bars_svg(name, title, description, bars)


def _checks(content: Content, words: Words) -> tuple[str, ...]:
    seq, _, fingerprint = content["anchor"].partition("-")
    return words["check_text"], words.fill("anchor_text", seq=seq, hash=fingerprint)

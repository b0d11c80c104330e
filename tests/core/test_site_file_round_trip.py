"""A site that is written and read again is the same site."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings, strategies as st

from custom_components.compere_prepaid.core.allocation.pool import Cost, CostKind, Pool
from custom_components.compere_prepaid.core.balance.feeders import Feeder
from custom_components.compere_prepaid.core.bus.settings import LineSettings, Transport
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.records import BookKind
from custom_components.compere_prepaid.core.money.amount import Amount, Currency, Price
from custom_components.compere_prepaid.core.policy.credit import (
    Policy,
    Reconnect,
    policy_content,
    policy_of,
)
from custom_components.compere_prepaid.core.policy.protected_times import ProtectedTimes
from custom_components.compere_prepaid.core.policy.protection import (
    DEFAULTS,
    NIGHT,
    Action,
    Basis,
    Protection,
    Rule,
    RuleKind,
)
from custom_components.compere_prepaid.core.site_file import (
    AccountEntry,
    BusEntry,
    MeterEntry,
    SiteFile,
    parse_site_file,
)
from custom_components.compere_prepaid.core.site_file_text import dump_site_file
from custom_components.compere_prepaid.core.tariff.calendar_days import calendar_from
from custom_components.compere_prepaid.core.tariff.document import tariff_version_from
from custom_components.compere_prepaid.core.tariff.model import flat_tariff
from custom_components.compere_prepaid.core.tariff.year import WEEKDAYS
from tests.core.allocation.drawing_pools import NAMES, pools
from tests.core.tariff.drawing import CALENDAR, tariff_documents

CNY = Currency.of("CNY")

TRAPS = ["null", "~", "yes", "1.0", "-7", "0x1F", "1e5", "2026-01-01", "12:30", "- a", "a: b", "#x"]
visible = st.characters(exclude_categories=["C", "Z"])
names = st.sampled_from(TRAPS) | st.lists(
    st.text(visible, min_size=1, max_size=9), min_size=1, max_size=3
).map(" ".join)
money = st.integers(min_value=-(10**8), max_value=10**8).map(lambda fen: Amount(fen * 10**7))
prices = st.integers(min_value=0, max_value=10**7).map(Price)
quantities = st.none() | st.integers(min_value=1, max_value=10**6).map(
    lambda milli: Decimal(milli).scaleb(-3)
)
serials = st.from_regex(r"[0-9A-Za-z_-]{1,32}", fullmatch=True)
numbers = names.map(lambda name: name.replace(":", "."))
lines = st.one_of(
    st.builds(
        LineSettings,
        transport=st.sampled_from([Transport.RTU_TCP, Transport.MODBUS_TCP]),
        host=st.sampled_from(["127.0.0.1", "gateway.local", "::1", "10", "null"]),
        port=st.integers(min_value=1, max_value=65535),
        parity=st.sampled_from("NEO"),
        timeout_s=st.sampled_from([0.3, 1.0, 2.5, 7.0]),
    ),
    st.builds(
        LineSettings,
        transport=st.just(Transport.SERIAL),
        device=st.sampled_from(["/dev/ttyUSB0", "COM3"]),
        baudrate=st.sampled_from([2400, 9600, 19200]),
        parity=st.sampled_from("NEO"),
        stopbits=st.sampled_from([1, 2]),
    ),
)


CHINA = calendar_from({"name": "China", "days": CALENDAR})
tariff_versions = tariff_documents().map(lambda data: tariff_version_from(data, CNY))


@st.composite
def sites(draw: st.DrawFn) -> SiteFile:
    """Draw a site of a few buses, meters, accounts, tariffs and policies."""
    drawn_lines = draw(st.lists(lines, max_size=3, unique_by=lambda line: line.endpoint))
    bus_names = draw(_unique(names, len(drawn_lines)))
    meter_serials = draw(st.lists(serials, max_size=4, unique=True)) if bus_names else []
    versions = draw(st.lists(tariff_versions, max_size=2, unique_by=lambda v: v.name))
    versions = [*versions, flat_tariff("Flat", draw(prices))]
    policy_names = draw(st.lists(names, min_size=1, max_size=2, unique=True))
    owned = [serial for serial in meter_serials if draw(st.booleans())]
    return SiteFile(
        name=draw(names),
        currency=CNY,
        time_zone=draw(st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "UTC"])),
        kind=draw(st.none() | st.sampled_from(BookKind)),
        buses=tuple(
            BusEntry(name=name, line=line)
            for name, line in zip(bus_names, drawn_lines, strict=True)
        ),
        meters=tuple(
            MeterEntry(
                serial=MeterSerial(serial),
                name=draw(names),
                bus=draw(st.sampled_from(bus_names)),
                address=address,
                profile=draw(names),
                area=draw(st.just("") | names),
                floor=draw(st.just("") | names),
                labels=tuple(draw(st.lists(names, max_size=2, unique=True))),
                floor_area=draw(quantities),
                rated_power=draw(quantities),
                breaker=draw(st.integers(min_value=1, max_value=6300)),
                multiplier=draw(st.integers(min_value=1, max_value=2000)),
                rollover_kwh=draw(st.none() | st.integers(min_value=1000, max_value=10**6)),
            )
            for address, serial in enumerate(meter_serials, start=1)
        ),
        accounts=tuple(
            AccountEntry(
                number=AccountNumber(number),
                name=draw(names),
                meters=tuple(MeterSerial(serial) for serial in group),
                tariff=draw(st.sampled_from(versions)).name,
                policy=draw(st.sampled_from(policy_names)),
                opening_balance=draw(money),
                owner=owner and draw(st.booleans()),
                notify=draw(st.none() | st.just(("notify.mobile_app_pixel", "notify.family"))),
                language=draw(st.none() | st.sampled_from(("en", "zh-Hans"))),
                floor_area=draw(quantities),
                rated_power=draw(quantities),
                persons=draw(st.none() | st.integers(1, 1000)),
                opening_hours=draw(st.none() | st.integers(1, 1680).map(_tenths)),
            )
            for number, group, owner in zip(
                draw(_unique(numbers, 2)), (owned, []), (False, True), strict=True
            )
        ),
        calendars=(CHINA,),
        tariffs=tuple(versions),
        policies=tuple(_policy(draw, name) for name in policy_names),
        feeders=tuple(
            Feeder(
                name=name,
                main=(MeterSerial(f"M{place}"),),
                meters=(MeterSerial(f"N{place}"),) if place else None,
                expected_loss_ppm=draw(st.none() | ppm),
            )
            for place, name in enumerate(NAMES)
        ),
        pools=draw(pools().map(_alone).map(lambda pool: (pool,))),
    )


ppm = st.integers(0, 10**6)


def _tenths(number: int) -> Decimal:
    return Decimal(number).scaleb(-1)


def _alone(pool: Pool) -> Pool:
    """Leave out of a drawn pool what other pools, or the file's tariffs, must have."""
    return replace(
        pool,
        costs=tuple(
            Cost(kind=CostKind.METERS, meters=(MeterSerial(f"C{number}"),), price=Price(number))
            if cost.tariff or cost.kind is not CostKind.AMOUNT
            else cost
            for number, cost in enumerate(pool.costs)
        ),
    )


def _unique(strategy: st.SearchStrategy[str], count: int) -> st.SearchStrategy[list[str]]:
    return st.lists(strategy, min_size=count, max_size=count, unique=True)


@st.composite
def protections(draw: st.DrawFn) -> Protection:
    """Draw rules that differ from the defaults in whatever a file can say."""
    rules: dict[RuleKind, Rule] = {}
    for kind in draw(st.sets(st.sampled_from(RuleKind), max_size=4)):
        limit = draw(st.integers(2, 10**9))
        release = draw(st.none() | st.integers(1, 10**6))
        rule = replace(
            DEFAULTS[kind],
            action=draw(st.sampled_from(Action)),
            limit=limit,
            release=release and (limit + release if kind.is_lower else max(1, limit - release)),
        )
        if not kind.startswith(("night", "leakage")):
            times = st.integers(0, 3600)
            rule = replace(rule, delay_s=draw(times), release_s=draw(times), min_on_s=draw(times))
            if rule.delay_s:
                rule = replace(rule, warn_s=draw(st.none() | st.integers(0, rule.delay_s - 1)))
        if kind is RuleKind.OVERLOAD:
            rule = replace(
                rule,
                basis=draw(st.sampled_from(Basis)),
                tries=draw(st.integers(0, 9)),
                spacing_s=draw(st.integers(10, 99)),
                lock_out_s=draw(st.none() | st.integers(10, 9999)),
                quiet_s=draw(st.integers(3600, 9999)),
            )
        if kind is RuleKind.LEAKAGE_TREND:
            rule = replace(rule, floor=draw(st.integers(1, 10**6)))
        rules[kind] = rule
    minutes = st.integers(0, 1439)
    night = draw(st.just(NIGHT) | st.tuples(minutes, minutes).filter(lambda pair: len({*pair}) > 1))
    return Protection(rules=Protection(rules=rules).differing, night=night)


@st.composite
def protected_times(draw: st.DrawFn) -> ProtectedTimes:
    """Draw protected times of weekdays and of types of days of the calendar, as a file says them.

    Nothing at all is drawn as the policy without them has it.
    """
    minutes: st.SearchStrategy[int] = st.integers(0, 1439)
    spans = st.tuples(minutes, minutes).filter(lambda span: span[0] != span[1])
    whole: st.SearchStrategy[tuple[int, int]] = st.just((0, 1440))
    windows = st.sets(whole | spans.map(lambda span: (span[0], span[1] or 1440)), max_size=3).map(
        lambda drawn: tuple(sorted(drawn))
    )
    week = draw(st.dictionaries(st.integers(0, 6), windows.filter(bool)))
    special = draw(
        st.dictionaries(st.sampled_from(sorted({*CALENDAR.values()} - {*WEEKDAYS})), windows)
    )
    if not week and not special:
        return ProtectedTimes()
    return ProtectedTimes(
        week=week,
        special=special,
        calendar="China" if special else draw(st.sampled_from(["", "China"])),
        reminder_minutes=draw(st.sampled_from([60, 0, 15, 10080])),
    )


falling = st.sets(st.integers(1, 366), max_size=3).map(lambda some: (*sorted(some, reverse=True),))


def _policy(draw: st.DrawFn, name: str) -> Policy:
    cut_off = draw(money)
    minimum = Amount(abs(draw(money)))
    above = st.integers(min_value=1, max_value=10**6).map(lambda fen: Amount(cut_off + fen * 10**7))
    return Policy(
        name=name,
        warning_levels=tuple(sorted(draw(st.sets(above, max_size=3)), reverse=True)),
        cut_off=cut_off,
        credit_limit=draw(money.map(lambda amount: Amount(abs(amount)))),
        reconnect=draw(st.sampled_from(Reconnect)),
        never_cut=draw(st.booleans()),
        emergency_credit=Amount(abs(draw(money))),
        minimum_top_up=minimum,
        protection=draw(protections()),
        protected=draw(protected_times()),
        warning_days=draw(falling),
        notice_hours=draw(st.integers(0, 99)),
        adaptation_days=draw(st.integers(0, 99)),
        maximum_top_up=draw(
            st.none()
            | st.integers(min_value=1).map(lambda fen: Amount(minimum + fen % 999 * 10**7))
        )
        or None,
    )


@settings(max_examples=100)
@given(st.composite(_policy)("Guarded"))
def test_a_policys_text_keeps_its_rules(policy: Policy) -> None:
    """In the ledger as well as in a file; and one policy has one text."""
    text = policy_content(policy, CNY)
    assert policy_of("Guarded", text, CNY) == policy
    assert policy_content(policy_of("Guarded", text, CNY), CNY) == text


@settings(max_examples=60, deadline=None)
@given(sites())
def test_any_site_is_the_same_after_writing_and_reading(site: SiteFile) -> None:
    """Whatever names, numbers and money it has, however strange they look in YAML."""
    written = dump_site_file(site)
    assert parse_site_file(written, file="site.yaml") == site


def test_long_lists_break_no_lines() -> None:
    """A meter stays on one line, and so does an account with hundreds of meters."""
    meters = tuple(
        MeterEntry(
            serial=MeterSerial(f"33B02501{number:05}"),
            name=f"Shop {number}",
            bus=f"Riser {number // 200}",
            address=number % 200 + 1,
            profile="compere_kpm33b",
            breaker=40,
        )
        for number in range(1000)
    )
    site = SiteFile(
        name="Large",
        currency=CNY,
        time_zone="Asia/Shanghai",
        buses=tuple(
            BusEntry(
                name=f"Riser {number}",
                line=LineSettings(transport=Transport.SERIAL, device=f"/dev/ttyUSB{number}"),
            )
            for number in range(5)
        ),
        meters=meters,
        accounts=(
            AccountEntry(
                number=AccountNumber("1"),
                name="All",
                meters=tuple(meter.serial for meter in meters),
                tariff="Flat",
                policy="Standard",
            ),
        ),
        tariffs=(flat_tariff("Flat", Price(1)),),
        policies=(Policy(name="Standard", warning_levels=()),),
    )
    written = dump_site_file(site)
    assert len(written.splitlines()) == 1 + 6 + 1001 + 2 + 4 + 2 + 1
    assert parse_site_file(written, file="site.yaml") == site

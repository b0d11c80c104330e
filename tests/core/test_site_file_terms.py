"""The parts of a site file that say what is agreed: policies, the owner, a meter's register."""

from pathlib import Path

import pytest

from custom_components.compere_prepaid.core.documents import DocumentError
from custom_components.compere_prepaid.core.money.amount import Currency
from custom_components.compere_prepaid.core.policy.protected_times import ProtectedTimes
from custom_components.compere_prepaid.core.policy.protection import Basis, RuleKind
from custom_components.compere_prepaid.core.site_file import parse_site_file
from custom_components.compere_prepaid.core.site_file_policies import POLICY_SCHEMA
from custom_components.compere_prepaid.core.site_file_text import dump_site_file

CNY = Currency.of("CNY")

FILE = """\
site: {name: Mall, currency: CNY, time_zone: Asia/Shanghai}
buses:
  - {name: East, transport: modbus_tcp, host: gateway.local, port: 502}
meters:
  - {serial: 33B01, name: Shop 1, bus: East, address: 1, profile: compere_kpm33b, breaker: 40}
  - {serial: 33B02, name: Main, bus: East, address: 2, profile: compere_kpm33b, breaker: 630, multiplier: 120, rollover_kwh: 1000000}
accounts:
  - {number: A-1, name: One, meters: [33B01], tariff: Flat, policy: Careful}
  - {number: OWNER, name: The mall, meters: [33B02], tariff: Flat, policy: Careful, owner: true}
calendars:
  - {name: Holidays, days: {2026-10-01: holiday, 2026-10-10: fri, 2026-12-31: inventory}}
tariffs:
  - {name: Flat, valid_from: 2026-01-01, prices: {flat: 0.6}}
policies:
  - name: Gentle
    warning_days: [7, 3]
    notice_hours: 24
    adaptation_days: 21
    protected:
      calendar: Holidays
      times:
        - {days: [fri, mon-thu], from: "18:00", to: "08:00"}
        - {days: [sat-sun, holiday], all_day: true}
        - {days: [fri], from: "12:00", to: "24:00"}
        - {days: [inventory], all_day: false}
      reminder: 90
  - {name: Careful, warning_levels: [20], emergency_credit: 10, minimum_top_up: 5, maximum_top_up: 5000,
     protection: {overload: {action: hold, percent_of_breaker: 90, delay: 120, tries: 1}, residual_current: {limit: 30},
       night_load: {limit: 500.5}, night: {from: "23:00", to: "04:30"}}}
pools: []
"""  # noqa: E501 - a line for each meter, as people write it


def faults(before: str, after: str) -> list[str]:
    """Return what is wrong with the file once something in it was changed."""
    assert FILE.count(before) == 1
    with pytest.raises(DocumentError) as caught:
        parse_site_file(FILE.replace(before, after), file="mall.yaml")
    return [str(fault) for fault in caught.value.faults]


def test_what_it_says_is_read_and_written_again() -> None:
    """Transformers and rollover of a meter, the owner, emergency credit and limits of top-ups."""
    site = parse_site_file(FILE, file="mall.yaml")
    assert [(meter.multiplier, meter.rollover_kwh) for meter in site.meters] == [
        (1, None),
        (120, 1_000_000),
    ]
    assert [account.owner for account in site.accounts] == [False, True]
    policy = site.policies[1]
    assert (policy.emergency_credit, policy.minimum_top_up, policy.maximum_top_up) == (
        CNY.parse(10),
        CNY.parse(5),
        CNY.parse(5000),
    )
    protection = policy.protection
    overload, residual = (
        protection.rule(RuleKind(kind)) for kind in ("overload", "residual_current")
    )
    assert (overload.action, overload.basis, overload.limit) == ("hold", Basis.BREAKER, 90_000)
    assert (overload.delay_s, overload.tries, overload.spacing_s) == (120, 1, 60)
    assert (residual.action, residual.limit, residual.release_level) == ("warn", 30, 28)
    assert protection.rule(RuleKind.NIGHT_LOAD).limit == 500_500
    assert protection.rule(RuleKind.NIGHT_LOAD).action == "warn"  # by default it is off
    assert protection.night == (23 * 60, 4 * 60 + 30)
    written = dump_site_file(site)
    assert parse_site_file(written, file="mall.yaml") == site
    assert "multiplier: 120, rollover_kwh: 1000000}" in written
    assert written.count("multiplier") == written.count("owner: true") == 1


def test_when_and_how_gently_credit_cuts() -> None:
    """Days left, notice, adaptation, protected times; days with the same times stand together."""
    site = parse_site_file(FILE, file="mall.yaml")
    policy = site.policies[0]
    assert (policy.warning_days, policy.notice_hours, policy.adaptation_days) == ((7, 3), 24, 21)
    night, all_day = (1080, 480), (0, 1440)
    assert policy.protected == ProtectedTimes(
        week={
            **dict.fromkeys(range(4), (night,)),
            4: ((720, 1440), night),
            5: (all_day,),
            6: (all_day,),
        },
        special={"holiday": (all_day,), "inventory": ()},
        calendar="Holidays",
        reminder_minutes=90,
    )
    assert dump_site_file(site).splitlines()[-3] == (
        "  - {name: Gentle, warning_levels: [], cut_off: 0, credit_limit: 0, reconnect: auto, "
        "warning_days: [7, 3], notice_hours: 24, adaptation_days: 21, protected: "
        "{calendar: Holidays, times: [{days: [inventory], all_day: false}, "
        "{days: [sat-sun, holiday], all_day: true}, "
        "{days: [fri], from: '12:00', to: '24:00'}, "
        "{days: [mon-fri], from: '18:00', to: '08:00'}], reminder: 90}}"
    )


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('to: "08:00"', 'to: "18:00"', "begins when it ends: write 'all_day: true'"),
        ('from: "18:00", to: "08:00"', 'from: "18:00"', "needs 'from' and 'to', or 'all_day'"),
        ('to: "08:00"', 'to: "08:00", all_day: true', "has 'all_day' and 'from'"),
        ('to: "08:00"', 'to: "26:00"', "times[0].to: must be a time of day like 10:00"),
        ("fri, mon-thu", "mon_thu", "no day of the calendar is a 'mon_thu'"),
        ("[inventory]", "[inventry]", "no day of the calendar is a 'inventry', did you mean"),
        ("[inventory]", "[holiday]", "'holiday' has protected times in another entry"),
        ("[inventory]", "[inventory, sun]", "says of weekdays that they have no protected times"),
        ("calendar: Holidays", "calendar: Hollidays", "there is no calendar 'Hollidays'"),
        ("reminder: 90", "reminder: -1", "protected.reminder: must be at least 0"),
        ("notice_hours: 24", "notice_hours: -24", "notice_hours: must be at least 0"),
        ("notice_hours: 24", "notice_hours: 1.5", "notice_hours: must be a whole number"),
        ("adaptation_days: 21", "adaptation_days: -1", "adaptation_days: must be at least 0"),
        ("notice_hours: 24", "valid_from: 2026-13-01", "valid_from: must be a date"),
        ("emergency_credit: 10", "emergency_credit: -10", "must not be negative"),
        ("minimum_top_up: 5,", "minimum_top_up: -5,", "must not be negative"),
        ("minimum_top_up: 5,", "minimum_top_up: 5001,", "no top-up would be possible"),
        ("maximum_top_up: 5000", "maximum_top_up: 0", "leave it out"),
        ("maximum_top_up: 5000", "maximum_top_up: 0.005", "too many decimals"),
        ("policy: Careful}", "policy: Careful, owner: true}", "a site has one owner"),
        ("multiplier: 120", "multiplier: 0", "meters[1].multiplier"),
        ("multiplier: 120", "multiplier: 1.5", "meters[1].multiplier"),
        ("rollover_kwh: 1000000", "rollover_kwh: 0", "meters[1].rollover_kwh"),
        ("owner: true", "owner: perhaps", "accounts[1].owner"),
        ("owner: true", "notify: [mobile_app_pixel]", "accounts[1].notify[0]"),
        ("owner: true", "notify: notify.family", "accounts[1].notify"),
        ("owner: true", "language: fr", "accounts[1].language"),
        ("action: hold", "action: cut", "protection.overload.action"),
        ("percent_of_breaker: 90", "limit: 90, percent_of_rated: 90", "one of them is enough"),
        ("percent_of_breaker: 90", "percent_of_breaker: 90, release: 95", "would never end"),
        ("delay: 120", "delay: 7200", "'quiet' is shorter than 'delay'"),
        ("delay: 120", "delay: 120, warn: 120", "'warn' is not before 'delay'"),
        ("limit: 30}", "limit: 30.5}", "too many decimals: at most 0 here"),
        ("limit: 500.5", "limit: 500.0005", "too many decimals: at most 3 here"),
        ("night_load: {limit: 500.5}", "night_load: {action: hold}", "needs a 'limit'"),
        ('to: "04:30"', 'to: "23:00"', "a night has some hours"),
        ('to: "04:30"', 'to: "24:30"', "night.to"),
        ("residual_current: {", "residual: {limit: 1}, leakage_trend: {", "unknown key 'residual'"),
    ],
)
def test_what_cannot_be(before: str, after: str, fault: str) -> None:
    """Each mistake is told, with the sentence that helps."""
    (found,) = faults(before, after)
    assert fault in found


def test_the_example_of_the_protection_page() -> None:
    """What the page shows can be imported, and every rule that there is has its row."""
    page = (Path(__file__).parents[2] / "docs/protection.md").read_text("utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    head = FILE.split("policies:", maxsplit=1)[0].replace("Careful", "Standard")
    (policy,) = parse_site_file(head + example, file="page.yaml").policies
    assert policy.protection.rule(RuleKind.OVERLOAD).basis is Basis.RATED
    assert set(policy.protection.differing) == {
        "overload",
        "over_voltage",
        "residual_current",
        "night_load",
    }
    assert [kind for kind in RuleKind if f"| `{kind}` |" not in page] == []


def test_the_example_of_the_policies_page() -> None:
    """What the page shows can be imported, and it tells every rule that there is."""
    page = (Path(__file__).parents[2] / "docs/policies.md").read_text("utf-8")
    head = FILE.split("calendars:", maxsplit=1)[0].replace("Careful", "Standard")
    tariff = "tariffs: [{name: Flat, valid_from: 2026-01-01, prices: {flat: 0.6}}]\n"
    example = page.split("```yaml\n")[1].split("```")[0]
    site = parse_site_file(head + tariff + example, file="page.yaml")
    assert [(policy.name, str(policy.valid_from)) for policy in site.policies] == [
        ("Standard", "None"),
        ("Food court", "None"),
        ("Fire pumps", "None"),
        ("Food court", "2026-07-01"),
    ]
    rules = set(POLICY_SCHEMA["$defs"]["policy"]["properties"]) - {"name"}
    assert [rule for rule in sorted(rules) if f"`{rule}`" not in page.split("## Rules")[1]] == []

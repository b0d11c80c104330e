"""Names and places in a site file: each taken once, and every name that is used is borne."""

from collections.abc import Callable, Collection, Hashable, Iterable
from difflib import get_close_matches

from .document_section import Section
from .tariff.notation import is_day_type

ADDRESS_KEYS = {
    "serial": ({"device"}, {"device", "shared"}),
    "rtu_tcp": ({"host", "port"}, {"host", "port", "shared"}),
    "rtu_listen": ({"port"}, {"host", "port"}),
    "modbus_tcp": ({"host", "port"}, {"host", "port", "shared", "queues"}),
}
"""What says where a line is and who else uses it: the needed and the possible keys by transport."""

ALL_ADDRESS_KEYS = {key for _, possible in ADDRESS_KEYS.values() for key in possible}

_PLACES = {
    "serial": ("device",),
    "rtu_tcp": ("host", "port"),
    "modbus_tcp": ("host", "port"),
    "rtu_listen": ("port",),
}
"""What two buses cannot have in common; a port of this machine is listened at by one."""

_NAMES = {
    "buses": "name",
    "meters": "serial",
    "accounts": "number",
    "calendars": "name",
    "tariffs": "name",
    "policies": "name",
}


def _stands_twice(part: Section, line: int) -> str:
    return f"'{part.value}' stands twice, also on line {line}"


def check_names(root: Section) -> None:
    """Report names given twice, and names that nobody bears."""
    for group, key in _NAMES.items():
        if group != "tariffs":  # whose versions from one day have revisions
            report_twice(
                (part, (str(part.value), entry.text("valid_from")))
                for entry in root.entries(group)
                if (part := entry.part(key))
            )
    known = {group: known_names(root, group, key) for group, key in _NAMES.items()}
    for meter in root.entries("meters"):
        _check_reference(meter.part("bus"), "bus", known["buses"])
    for tariff in root.entries("tariffs"):
        _check_reference(tariff.part("calendar"), "calendar", known["calendars"])
    for policy in root.entries("policies"):
        calendar = policy.group("protected").part("calendar")
        _check_reference(calendar, "calendar", known["calendars"])
    for account in root.entries("accounts"):
        _check_reference(account.part("tariff"), "tariff", known["tariffs"])
        _check_reference(account.part("policy"), "policy", known["policies"])
        for serial in account.items("meters"):
            _check_reference(_meter_of(serial, known["meters"]), "meter", known["meters"])
    report_twice(
        (
            (owner, True)
            for account in root.entries("accounts")
            if (owner := account.part("owner")) and owner.value
        ),
        lambda _, line: f"the account on line {line} is the owner's already: a site has one owner",
    )


def _meter_of(serial: Section, known: set[str] | None) -> Section | None:
    """Leave out a channel of a meter in the file: which ones it has, only its model tells."""
    meter, _, channel = str(serial.value).rpartition("-")
    is_channel = known is not None and meter in known and channel.isdecimal()
    return None if is_channel else serial


def known_names(root: Section, group: str, key: str) -> set[str] | None:
    """Return all names of a group; None if one cannot be read, so that nobody is blamed for it."""
    entries = root.value.get(group, [])
    names = [entry.text(key) for entry in root.entries(group)]
    if not isinstance(entries, list) or len(names) < len(entries) or None in names:
        return None
    return {name for name in names if name}


def report_twice(
    parts: Iterable[tuple[Section, Hashable]],
    say: Callable[[Section, int], str] = _stands_twice,
) -> None:
    """Report each part whose meaning an earlier part has already."""
    first: dict[Hashable, Section] = {}
    for part, meaning in parts:
        earlier = first.setdefault(meaning, part)
        if earlier is not part:
            part.fault(say(part, earlier.line))


def _check_reference(part: Section | None, kind: str, known: set[str] | None) -> None:
    if part is None or known is None or str(part.value) in known:
        return
    close = get_close_matches(str(part.value), sorted(known), 1)
    hint = f", did you mean '{close[0]}'?" if close else ""
    part.fault(f"there is no {kind} '{part.value}' in this file{hint}")


def check_calendars(root: Section) -> None:
    """Report types of day that a schedule or policy names, and its calendar has no day of."""
    kinds = {
        name: set(entry.group("days").value.values())
        for entry in root.entries("calendars")
        if entry.sound and (name := entry.text("name"))
    }
    for tariff in root.entries("tariffs"):
        check_day_types(tariff, "schedule", kinds.get(tariff.text("calendar") or ""))
    for policy in root.entries("policies"):
        protected = policy.group("protected")
        check_day_types(protected, "times", kinds.get(protected.text("calendar") or ""))


def check_day_types(section: Section, rules: str, known: Collection[str] | None) -> None:
    """Report types of day in rules that are not among those of a calendar; None: not known."""
    if known is None:
        return
    for rule in section.entries(rules):
        for day in rule.items("days"):
            if is_day_type(day.value) and day.value not in known:
                close = get_close_matches(day.value, sorted(known), 1)
                hint = f", did you mean '{close[0]}'?" if close else ""
                day.fault(f"no day of the calendar is a '{day.value}'{hint}")


def check_places(root: Section) -> None:
    """Report what would stand in one place twice."""
    report_twice(
        (
            (address, (bus, address.value))
            for entry in root.entries("meters")
            if (bus := entry.text("bus")) and (address := entry.part("address"))
        ),
        lambda part, line: (
            f"another meter has address {part.value} on the same bus, on line {line}"
        ),
    )
    report_twice(
        (
            (serial, str(serial.value))
            for entry in root.entries("accounts")
            for serial in entry.items("meters")
        ),
        lambda part, line: f"meter '{part.value}' is in an account already, on line {line}",
    )
    report_twice(
        (
            (day, (name, day.value, entry.text("revision") or "1"))
            for entry in root.entries("tariffs")
            if (name := entry.text("name")) and (day := entry.part("valid_from"))
        ),
        lambda part, line: f"the tariff has a version from {part.value} already, on line {line}",
    )
    report_twice(
        (
            (place, tuple((key, entry.text(key)) for key in keys))
            for entry in root.entries("buses")
            if (keys := _PLACES.get(entry.text("transport") or ""))
            and (place := entry.part(keys[0]))
            and all(entry.text(key) for key in keys)
        ),
        lambda _, line: f"another bus goes to the same place, on line {line}: one line is one bus",
    )

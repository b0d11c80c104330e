"""Reading a DL/T 645 profile from its document, and what can be wrong in one."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from ..document_faults import Fault
from ..documents import Document
from ..metering.reading import Quantity
from .decode import Unit
from .dlt645_numbers import NumberForm
from .dlt645_profile import (
    Closing,
    Dlt645Profile,
    Item,
    LowCreditDisplay,
    Switch,
    block_shift,
)
from .modbus_profile import Cadence
from .profile import SerialDefaults, Verified


def dlt645_faults(document: Document) -> Iterator[Fault]:
    """Find what a schema cannot see."""
    data = document.data
    seen: dict[str, str] = {}
    for group in ("items", "stores"):
        for index, item in enumerate(data.get(group, ())):
            yield from _item_faults(document, group, index)
            for place, quantity in enumerate(item["quantities"]):
                if quantity in seen:
                    message = f"'{quantity}' stands twice, also in '{seen[quantity]}'"
                    yield document.fault(group, index, "quantities", place, message=message)
                seen[quantity] = item["name"]
    for (_, item), (index, other) in combinations(enumerate(data["items"]), 2):
        if item["name"] == other["name"]:
            message = f"'{other['name']}' stands twice: every item needs a name of its own"
            yield document.fault("items", index, "name", message=message)
    charged = [item for item in data["items"] if Quantity.ENERGY_IMPORT in item["quantities"]]
    if not charged:
        message = "'energy_import' is missing: it is what is charged"
        yield document.fault("items", message=message)
    elif charged[0].get("cadence") != Cadence.BILLING:
        message = "must be 'billing': energy_import is what is charged"
        yield document.fault("items", data["items"].index(charged[0]), "cadence", message=message)


def _item_faults(document: Document, group: str, index: int) -> Iterator[Fault]:
    item = document.data[group][index]
    unit = Unit(item["unit"])
    try:
        NumberForm.parse(item["form"]).factor(unit)
    except ValueError as error:
        yield document.fault(group, index, "form", message=str(error))
    for place, quantity in enumerate(item["quantities"]):
        if Quantity(quantity).is_energy != unit.is_energy:
            message = f"cannot be in {unit}"
            yield document.fault(group, index, "quantities", place, message=message)
    is_block = block_shift(item["identifier"]) is not None
    if is_block != (len(item["quantities"]) > 1):
        message = (
            "an identifier with FF in it names a block, with several quantities; another names one"
        )
        yield document.fault(group, index, "identifier", message=message)


def dlt645_profile_from(data: Mapping[str, Any]) -> Dlt645Profile:
    """Build a profile from a document that fits the schema; what is wrong beyond it is not seen."""
    relay, display = data.get("relay"), data.get("low_credit_display")
    return Dlt645Profile(
        name=data["name"],
        title=data["title"],
        manufacturer=data["manufacturer"],
        model=data["model"],
        phases=data["phases"],
        sources=tuple(data["sources"]),
        serial_line=_serial_line(data["serial_line"]),
        items=tuple(map(_item, data["items"])),
        stores=tuple(map(_item, data.get("stores", ()))),
        switch=None
        if relay is None
        else Switch(
            closing=Closing(relay["closing"]),
            verified=Verified(relay["verified"]),
            note=relay.get("note", ""),
        ),
        low_credit_display=None
        if display is None
        else LowCreditDisplay(verified=Verified(display["verified"]), note=display.get("note", "")),
    )


def _serial_line(data: Mapping[str, Any]) -> SerialDefaults:
    return SerialDefaults(**{**data, "verified": Verified(data.get("verified", "vendor"))})


def _item(data: Mapping[str, Any]) -> Item:
    return Item(
        name=data["name"],
        identifier=data["identifier"],
        counts_from=data.get("counts_from", 0),
        cadence=Cadence(data.get("cadence", "detail")),
        form=NumberForm.parse(data["form"], is_signed=data.get("signed", False)),
        unit=Unit(data["unit"]),
        quantities=tuple(map(Quantity, data["quantities"])),
        verified=Verified(data["verified"]),
        note=data.get("note", ""),
    )

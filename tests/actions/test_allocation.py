"""Bills and allocation runs by actions, in a running mall."""

from datetime import UTC, date, datetime
from functools import partial
import hashlib
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aiohttp import FormData
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.compere_prepaid import pool_keeper
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.allocation.document import pool_document
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Pool,
    Split,
)
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.safekeeping import async_snapshot
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import NOODLES, TEA, named_as_cashiers, refused
from tests.site_fixtures import SITE_KEY, all_online, entity_of, read_again, state_of, use
from tests.stories.telling import ask, verified

DAYS = {"since": "2026-03-02", "until": "2026-03-04"}
BILL: dict[str, Any] = {
    "supplier": "Otis",
    "number": "17",
    "name": "Lifts",
    "amount": "100.00",
    **DAYS,
}
LIFTS = Pool(
    name="Lifts",
    valid_from=date(2026, 1, 1),
    costs=(Cost(kind=CostKind.BILL, name="Lifts"),),
    splits=(Split(basis=Basis.EQUAL),),
    tax_ppm=60_000,
)


@pytest.fixture
async def later(site: CompereSite, mall: Mall) -> CompereSite:
    """Set a pool, and let two days pass in which everybody used something."""

    def work(tx: LedgerTransaction) -> None:
        tx.insert_document(pool_document(LIFTS, site.currency))

    await site.ledger.run(work)
    use(mall, NOODLES, 1000, 47 * 3600)
    for serial in site.meters:
        await read_again(site, serial)
    await site.async_tick()  # what the clock asks for now is none of what is looked at
    await site.hours.async_write()
    return site


async def test_from_bill_to_posting(hass: HomeAssistant, later: CompereSite) -> None:
    """A bill is entered, looked at, posted and taken back; every step says what it did."""
    entered = await ask(hass, "enter_bill", **BILL)
    assert entered["bills"][0] | {"entered": ""} == {
        "supplier": "Otis",
        "number": "17",
        "revision": 1,
        "name": "Lifts",
        "since": "2026-03-02",
        "until": "2026-03-04",
        "amount": "100.00",
        "tax": "0.00",
        "energy_wh": 0,
        "fixed": False,
        "document": "",
        "entered": "",
        "user": "automation",
        "replayed": False,
    }
    looked = await ask(hass, "allocate", dry_run=True, **DAYS)
    assert (looked["run"], looked["state"]) == (None, None)
    assert {number: one["total"] for number, one in looked["accounts"].items()} == {
        NOODLES: "35.33",
        TEA: "70.67",
    }
    assert looked["accounts"][TEA]["lines"] == [
        {
            "pool": "Lifts",
            "kind": "service",
            "basis": "equal",
            "amount": "66.67",
            "weight": 4,
            "total": 6,
            "cost": "100.00",
            "days": 2,
            "why": "",
            "explanation": "2 of 3 units ≈ 66.6667 % of 100.00",
        }
    ]
    posted_events = async_capture_events(hass, f"{DOMAIN}_allocation_posted")
    told = async_capture_events(hass, f"{DOMAIN}_shared_costs")
    kept = await ask(hass, "allocate", **DAYS)
    assert (kept["run"], kept["state"]) == ("2026-03-02..2026-03-03", "proposed")
    assert kept["accounts"] == looked["accounts"]
    posted = await ask(hass, "approve_allocation", run=kept["run"], lines=False)
    assert posted["state"] == "posted"
    assert later.book.account(TEA).service_fund == -70_670_200_000
    await hass.async_block_till_done()
    assert [event.data["amount"] for event in posted_events] == ["100.00"]
    assert {event.data["account"]: event.data["amount"] for event in told} == {
        NOODLES: "35.33",
        TEA: "70.67",
    }
    async with refused(later, "bill_in_use", runs=kept["run"]):
        await ask(hass, "cancel_bill", supplier="Otis", number="17", reason="wrong")
    async with refused(later, "allocation_overlaps", run=kept["run"], pools="Lifts"):
        await ask(hass, "allocate", **DAYS)
    async with refused(later, "allocation_over", state="posted"):
        await ask(hass, "reject_allocation", run=kept["run"])
    back = await ask(hass, "reverse_allocation", run=kept["run"], reason="wrong bill")
    assert [step["step"] for step in back["steps"]] == ["posted", "reversed"]
    assert later.book.account(TEA).service_fund == 0
    listed = await ask(hass, "list_allocations")
    assert [(run["run"], run["state"]) for run in listed["runs"]] == [(kept["run"], "reversed")]
    await verified(hass)


async def test_refusals(hass: HomeAssistant, later: CompereSite, anna: str) -> None:
    """What cannot be done is said in words, and nothing changes."""
    await ask(hass, "enter_bill", **BILL)
    again = await ask(hass, "enter_bill", **BILL)
    assert again["bills"][0]["replayed"]
    async with refused(later, "bill_entered_twice", number="17"):
        await ask(hass, "enter_bill", **BILL | {"amount": "100.01"})
    async with refused(later, "bill_fields_missing", fields="supplier, number, name"):
        await ask(hass, "enter_bill", amount="1", **DAYS)
    async with refused(later, "days_missing"):
        await ask(hass, "allocate", month="2026-02", since="2026-02-01")
    async with refused(later, "allocation_not_over", until="2026-04-01"):
        await ask(hass, "allocate", month="2026-03")
    async with refused(later, "pool_unknown", pool="Roof"):
        await ask(hass, "allocate", pools=["Roof"], **DAYS)
    async with refused(later, "allocation_unknown", run="2026-01"):
        await ask(hass, "get_allocation", run="2026-01")
    async with refused(later, "allocation_without_pools"):
        await ask(hass, "allocate", month="2025-12")
    with pytest.raises(ServiceValidationError):
        await ask(hass, "allocate", anna, **DAYS)
    named_as_cashiers(hass, later, anna)
    run = await ask(hass, "allocate", anna, **DAYS)
    rejected = await ask(hass, "reject_allocation", anna, run=run["run"], reason="not yet")
    assert rejected["state"] == "rejected"
    async with refused(later, "allocation_over", state="rejected"):
        await ask(hass, "approve_allocation", run=run["run"])


async def test_a_tenant_moves_out_before_approval(hass: HomeAssistant, later: CompereSite) -> None:
    """What was worked out is not posted then; worked out again it is the owner's part."""
    await ask(hass, "enter_bill", **BILL)
    run = await ask(hass, "allocate", **DAYS)
    await ask(hass, "move_out", account=NOODLES)
    async with refused(later, "allocation_closed", accounts=NOODLES):
        await ask(hass, "approve_allocation", run=run["run"])
    await ask(hass, "reject_allocation", run=run["run"])
    second = await ask(hass, "allocate", approve=True, **DAYS)
    assert (second["run"], second["state"]) == (f"{run['run']}#2", "posted")
    assert list(second["accounts"]) == [TEA]
    assert second["pools"][0]["owner"] == "33.33"
    assert {note["note"] for note in second["notes"]} == {"borne_by_nobody"}
    assert AccountNumber(NOODLES) not in second["accounts"]


async def test_tables(hass: HomeAssistant, later: CompereSite) -> None:
    """A table is entered as a whole; each fault has its line."""
    head = "supplier;number;name;since;until;amount;energy_kwh\n"
    good = "Grid;1;Grid;2026-02-01;2026-03-01;800,00;1000\n"
    bad = "Grid;2;Grid;2026-03-01;2026-03-01;900.00;\nGrid;3;Grid;2026-03-01;2026-04-01;9,9,9;1\n"
    answer = await ask(hass, "enter_bill", content=head + good.replace(",00", ".00") + bad)
    assert [(fault["line"], fault["path"]) for fault in answer["faults"]] == [
        (3, "until"),
        (4, "amount"),
    ]
    assert (await ask(hass, "list_bills"))["bills"] == []
    answer = await ask(hass, "enter_bill", content=head + good.replace(",00", ".00"))
    assert answer["bills"][0]["energy_wh"] == 1_000_000
    markup = (await ask(hass, "allocate", dry_run=True, **DAYS))["markup"]
    assert markup["bought_price"] is None
    assert markup["sold_price"] == "1.0000"
    assert (markup["bill_days"], markup["difference"]) == (0, None)


async def test_tables_of_spreadsheets(
    hass: HomeAssistant, later: CompereSite, tmp_path: Path
) -> None:
    """A file in another coding is refused in words; in UTF-8, with its mark, it is entered."""
    head = "supplier,number,name,since,until,amount\r\n"
    text = f"{head}北京电力,1,Grid,2026-02-01,2026-03-01,800.00\r\n"
    file = tmp_path / "bills.csv"
    for coding, looks, line in (("gbk", "GBK", "2"), ("utf-16", "UTF-16", "1")):
        await hass.async_add_executor_job(file.write_bytes, text.encode(coding))
        async with refused(later, "file_not_utf8", file="bills.csv", coding=looks, line=line):
            await ask(hass, "enter_bill", file="bills.csv")
    await hass.async_add_executor_job(file.write_bytes, text.encode("utf-8-sig"))
    answer = await ask(hass, "enter_bill", file="bills.csv")
    assert [bill["supplier"] for bill in answer["bills"]] == ["北京电力"]


async def test_document(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    later: CompereSite,
    tmp_path: Path,
) -> None:
    """An uploaded file is kept under its SHA-256, which the bill names."""
    client = await hass_client()
    raw = b"%PDF-1.7 lifts"

    async def upload(name: str) -> str:
        form = FormData()
        form.add_field("file", raw, filename=name)
        answer = await client.post("/api/file_upload", data=form)
        file_id: str = (await answer.json())["file_id"]
        return file_id

    async with refused(later, "bill_document_unfit"):
        await ask(hass, "enter_bill", document=await upload("lifts.exe"), **BILL)
    async with refused(later, "bill_document_missing"):
        await ask(hass, "enter_bill", document="no such file", **BILL)
    document, folder = await upload("lifts.pdf"), tmp_path / DOMAIN / "bills"
    for key, typo in (
        ("bill_tax_wrong", {"tax": "100.01"}),
        ("amount_not_a_number", {"amount": "1OO"}),
        ("bill_days_wrong", {"until": "2036-01-01"}),
    ):
        async with refused(later, key):
            await ask(hass, "enter_bill", document=document, **BILL | typo)
    assert not folder.exists()
    entered = await ask(hass, "enter_bill", document=document, **BILL)
    digest = hashlib.sha256(raw).hexdigest()
    assert entered["bills"][0]["document"] == f"lifts.pdf sha256:{digest}"
    assert (folder / f"{digest}.pdf").read_bytes() == raw
    raw = b"%PDF-1.7 another"
    async with refused(later, "bill_entered_twice"):
        await ask(hass, "enter_bill", document=await upload("x.pdf"), **BILL | {"amount": "100.01"})
    again = await ask(hass, "enter_bill", document=await upload("x.pdf"), **BILL)
    assert again["bills"][0]["document"] == f"lifts.pdf sha256:{digest}"
    assert [path.name for path in folder.iterdir()] == [f"{digest}.pdf"]


async def test_runs_after_a_restoration(
    hass: HomeAssistant, later: CompereSite, mall: Mall, boss: str
) -> None:
    """Bills come back; a posted run is a proposal again, and approving it books the same."""
    snapshot = await async_snapshot(later)
    assert snapshot is not None
    await ask(hass, "enter_bill", **BILL)
    first = await ask(hass, "allocate", approve=True, **DAYS)
    await ask(hass, "reverse_allocation", run=first["run"], reason="one more look")
    second = await ask(hass, "allocate", approve=True, **DAYS)
    answer = await ask(hass, "restore_ledger", boss, snapshot=snapshot.path.name, confirm=True)
    assert (answer["ok"], answer["complete"]) == (True, True)
    assert (answer["by_hand"], answer["runs"]) == ([], [second["run"]])
    site: CompereSite = later.entry.runtime_data
    await all_online(site)
    assert [one["number"] for one in (await ask(hass, "list_bills"))["bills"]] == ["17"]
    listed = (await ask(hass, "list_allocations"))["runs"]
    assert [(run["run"], run["state"]) for run in listed] == [
        (first["run"], "rejected"),
        (second["run"], "proposed"),
    ]
    assert site.book.account(TEA).service_fund == 0
    await ask(hass, "approve_allocation", run=second["run"])
    assert site.book.account(TEA).service_fund == -70_670_200_000
    await verified(hass)


async def test_sensors_and_statistics(
    recorder_mock: Recorder, hass: HomeAssistant, later: CompereSite
) -> None:
    """What a pool cost is shown with its run, and told day by day; taken back it is nothing."""
    await ask(hass, "enter_bill", **BILL)
    run = await ask(hass, "allocate", approve=True, **DAYS)
    await hass.async_block_till_done(wait_background_tasks=True)
    place = f"{SITE_KEY}_pool_Lifts_pool_cost"
    entity = entity_of(hass, "sensor", place)
    state = state_of(hass, entity)
    assert (state.state, state.attributes["run"]) == ("100.00", run["run"])
    assert await costs_by_day(hass) == [(50, 50), (50, 100)]
    await ask(hass, "reverse_allocation", run=run["run"], reason="one more look")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.get(entity) is None
    assert await costs_by_day(hass) == [(0, 0), (0, 0)]
    await ask(hass, "allocate", approve=True, **DAYS)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entity_of(hass, "sensor", place) == entity
    assert await costs_by_day(hass) == [(50, 50), (50, 100)]
    with patch.object(pool_keeper, "async_add_external_statistics") as told:
        assert await hass.config_entries.async_reload(later.entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, entity).state == "100.00"
    assert not told.called  # at a start nothing is new


async def costs_by_day(hass: HomeAssistant) -> list[tuple[float | None, float | None]]:
    """Return what the long-term statistics say of the lifts."""
    recorder = get_instance(hass)
    await async_wait_recording_done(hass)
    name = f"{DOMAIN}:{SITE_KEY}_shared_lifts"
    found = await recorder.async_add_executor_job(
        partial(
            statistics_during_period,
            hass,
            datetime(2026, 3, 1, tzinfo=UTC),
            None,
            {name},
            "hour",
            None,
            {"state", "sum"},
        )
    )
    return [(row["state"], row["sum"]) for row in found.get(name, [])]

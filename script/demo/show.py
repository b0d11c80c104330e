"""The demonstration from start to stop."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
import fcntl
from pathlib import Path
import shutil
import sys
import time
from zoneinfo import ZoneInfo

import aiohttp

from simulator.mall import TIME_ZONE
from simulator.site_file import OFF
from simulator.tenants import MAIN

from .children import Child
from .errors import DemoError
from .guide import guide
from .home_assistant import Client, log_in, wait_for_http
from .mall import start_mall
from .month import close_last_month, let_something_happen
from .network import require_free
from .past import Counted, count_past, hours_of_past, write_past
from .phone import AMOUNT, pay_once
from .portal_setup import Label, label_of, open_portal
from .seeding import USER, Folders, password, seed
from .site_setup import (
    SiteDocument,
    check_dashboard,
    require_loaded,
    set_up_site,
    wait_for_readings,
    wait_until_running,
)

START_LIMIT_S = 180.0
READING_LIMIT_S = 120.0
RESTART_STATUS = 100  # how Home Assistant ends when "Restart" was pressed in its interface


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line asked for."""

    root: Path
    state: Path
    port: int
    portal_port: int
    mall_port: int
    speed: float
    fresh: bool
    check: bool

    @property
    def url(self) -> str:
        """Where Home Assistant is."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(slots=True)
class Stopwatch:
    """Says what was reached, and when."""

    started: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """Print a step with the seconds since the start."""
        print(f"[{time.monotonic() - self.started:5.1f} s] {text}", flush=True)


async def run(options: Options) -> None:
    """Start everything, show it, and run until cancelled; with `check` only until it is shown."""
    folders = Folders(state=options.state)
    watch = Stopwatch()
    with _only_one(folders):
        if options.fresh:
            _forget(folders)
        for port in (options.port, options.portal_port):
            require_free(port, "--port")
        async with AsyncExitStack() as stack:
            past = await _count_past(folders, watch) if _is_new(folders) else None
            mall = await start_mall(
                folders.mall,
                state=folders.meters_file,
                root=options.root,
                speed=options.speed,
                port=options.mall_port,
            )
            stack.push_async_callback(mall.child.stop)
            document = SiteDocument.parse(await _unless_ended(mall.site_file(), mall.child))
            watch.say(f"simulated mall: {len(document.serials)} meters")
            seed(
                folders,
                port=options.port,
                site=document.site,
                integration=options.root / "custom_components" / "compere_prepaid",
            )
            home_assistant = await _start_home_assistant(folders, stack)
            opening = _open(options, folders, document, watch, past)
            try:
                shop = await _unless_ended(opening, home_assistant, mall.child)
            except (DemoError, aiohttp.ClientError) as error:
                raise DemoError(f"{error}\nThe whole log: {home_assistant.output}") from error
            if options.check:
                return
            text = guide(options.url, USER, password(folders), mall.control_port(), shop)
            print(text, flush=True)
            while await _unless_ended(_restart_wanted(home_assistant), mall.child):
                watch.say("Home Assistant restarts")
                home_assistant = await _start_home_assistant(folders, stack)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedPast:
    """What the mall's meters counted before the demonstration began."""

    hours: Sequence[datetime]
    counted: Counted

    def last_month_wh(self, serial: str, zone: ZoneInfo) -> int:
        """Return what a meter counted in the month in which the past began."""
        first, registers = self.hours[0].astimezone(zone), self.counted[serial]
        months = [at.astimezone(zone).month for at in self.hours]
        return registers[months.index(first.month % 12 + 1)] - registers[0]


def _is_new(folders: Folders) -> bool:
    return not folders.meters_file.exists() and not folders.imported_file.exists()


async def _count_past(folders: Folders, watch: Stopwatch) -> CountedPast:
    """Let the meters count through the mall's past, before anybody reads them."""
    hours = hours_of_past(datetime.now(UTC), ZoneInfo(TIME_ZONE))
    counted = await asyncio.to_thread(count_past, folders.meters_file, hours)
    watch.say(f"the mall's past: {len(hours) // 24} days")
    return CountedPast(hours=hours, counted=counted)


async def _open(
    options: Options,
    folders: Folders,
    document: SiteDocument,
    watch: Stopwatch,
    past: CountedPast | None,
) -> str:
    """Bring the started Home Assistant to where somebody can use the mall's dashboard.

    Return where the code of the shop leads that is off; nothing if there is no tenants' page.
    """
    if past is not None:
        await write_past(folders.config, document, past.hours, past.counted)
        watch.say("its ledger: what shops used and paid")
    await wait_for_http(options.url, limit_s=START_LIMIT_S)
    async with log_in(options.url, USER, password(folders)) as client:
        version = await wait_until_running(client, limit_s=START_LIMIT_S)
        watch.say(f"Home Assistant {version}")
        if await set_up_site(client, document.site):
            watch.say(f"site {document.site['name']} added")
        await require_loaded(client)
        await _import(client, folders, document, watch)
        try:
            await wait_for_readings(client, document, limit_s=READING_LIMIT_S)
        except DemoError as error:
            if options.check:
                raise
            print(f"script/run: {error}", file=sys.stderr)
        else:
            watch.say("every meter is read, every account has a balance")
        if past is not None:
            await _begin_to_show(client, document, past, watch)
        await check_dashboard(client)
        watch.say(f"dashboard at {options.url}")
        if (address := await open_portal(client, options.portal_port)) is None:
            return ""
        watch.say(f"tenants' page at {address}")
        label = await label_of(client, OFF)
        if options.check:
            await _pay(address, label, watch)
        return label.url


async def _begin_to_show(
    client: Client, document: SiteDocument, past: CountedPast, watch: Stopwatch
) -> None:
    """Leave a run to be approved, and let something happen soon."""
    zone = ZoneInfo(document.site["time_zone"])
    today = datetime.now(zone).date()
    run = await close_last_month(client, today, past.last_month_wh(MAIN.serial, zone))
    watch.say(f"shared costs of {run} wait for approval")
    await let_something_happen(client, document)


async def _pay(address: str, label: Label, watch: Stopwatch) -> None:
    """Pay on the tenants' page, and say how long the power took to come back if it was off."""
    seconds, paid = await pay_once(address, label), f"paid {AMOUNT} in the sandbox"
    if seconds is None:
        watch.say(f"{OFF} was on already, {paid}")
    else:
        watch.say(f"{OFF} was off, {paid}, and has power {seconds:.1f} s later")


async def _import(
    client: Client, folders: Folders, document: SiteDocument, watch: Stopwatch
) -> None:
    """Import the site file, unless the mall is what it was when it was imported last.

    What the user changed in between stays changed. Opening balances are those of the first time:
    the simulator computes them anew for each run, but the accounts have been opened.
    """
    imported = folders.imported_file
    if imported.exists():
        before = SiteDocument.parse(imported.read_text(encoding="utf-8"))
        document = document.with_accounts_of(before)
        if document.data == before.data:
            return
    result = await client.action("import_site", content=document.text)
    if result.get("faults"):
        raise DemoError(f"The site file was refused: {result['faults']}")
    imported.write_text(document.text, encoding="utf-8")
    watch.say("site file imported")


async def _start_home_assistant(folders: Folders, stack: AsyncExitStack) -> Child:
    """Start Home Assistant, to be stopped when the stack unwinds."""
    command = [sys.executable, "-m", "homeassistant", "-c", str(folders.config)]
    child = await Child.start(
        "Home Assistant",
        # everything it needs is installed already: it shall not run an installer
        [*command, "--skip-pip", "--log-no-color"],
        folder=folders.config,
        output=folders.state / "home-assistant.out",
    )
    stack.push_async_callback(child.stop)
    return child


async def _restart_wanted(home_assistant: Child) -> bool:
    """Wait until Home Assistant ends; raise unless it wants to be started again."""
    if await home_assistant.process.wait() != RESTART_STATUS:
        home_assistant.raise_if_ended()
    return True


async def _unless_ended[T](work: Awaitable[T], *children: Child) -> T:
    """Await the work, but don't wait for it any longer once a child has ended."""
    task = asyncio.ensure_future(work)
    guards = [asyncio.ensure_future(child.ended()) for child in children]
    try:
        await asyncio.wait([task, *guards], return_when=asyncio.FIRST_COMPLETED)
        for guard in guards:
            if guard.done():
                guard.result()
        return task.result()
    finally:
        for other in (task, *guards):
            other.cancel()
        await asyncio.gather(task, *guards, return_exceptions=True)


@contextmanager
def _only_one(folders: Folders) -> Iterator[None]:
    """Refuse a second demonstration on the same state."""
    folders.state.mkdir(parents=True, exist_ok=True)
    with (folders.state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoError(
                f"The demonstration in {folders.state} is running already. Stop it with Ctrl-C "
                "where it was started, or start another with --state FOLDER --port N."
            ) from error
        yield


def _forget(folders: Folders) -> None:
    """Remove what earlier runs left, and nothing else that may lie in the folder."""
    for folder in (folders.config, folders.mall):
        shutil.rmtree(folder, ignore_errors=True)
    for file in (folders.password_file, folders.imported_file):
        file.unlink(missing_ok=True)

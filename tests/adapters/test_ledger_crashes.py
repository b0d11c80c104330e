"""The ledger's promise: acknowledged is kept, once, whatever kills the program.

Killing a process proves the transactions' boundaries and that repeating is harmless; it cannot
prove that commits reach the disk, for the system's cache outlives a process. The durable settings
do that, and they are read back at every start. The kills have a control that is expected to fail.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import random
import signal
import subprocess
import sys

import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.ledger.accounts import tenant
from tests.adapters.camera import Camera
from tests.adapters.ledger_books import (
    A_101,
    ENGINES,
    PRICES,
    YUAN,
    content,
    full_story,
    install,
    opened,
    write_tariff,
)

KILLS = 60


@dataclass(slots=True)
class Poster:
    """The process that posts, and what it said."""

    process: subprocess.Popen[str]
    place: Path | str

    def start(self, first: int, when: str) -> int:
        """Begin to post from a number on; return the worker's process id."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{first} {when} {self.place}\n")
        self.process.stdin.flush()
        return int(self.line())

    def line(self) -> str:
        """Return the next thing it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def rest(self) -> list[str]:
        """Return all that it says until the worker is gone."""
        return list(iter(self.line, "dead"))


@contextmanager
def poster(place: Path | str) -> Iterator[Poster]:
    """Run the posting process on a book."""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.adapters.posting_process"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        yield Poster(process, place)
        assert process.stdin is not None
        process.stdin.close()


async def prepare(place: Path | str) -> None:
    """Write a book with a tariff and an installed meter."""
    async with opened(place) as ledger:
        await ledger.run(write_tariff)
        await ledger.run(install())


def kill_often(poster: Poster, when: str, chance: random.Random) -> int:
    """Kill the worker again and again; return the last number that it acknowledged."""
    last = 0
    for _ in range(KILLS):
        first = max(1, last - 2)  # some are sent again, as after a missed answer
        worker = poster.start(first, when)
        told = [int(poster.line()) for _ in range(chance.randrange(1, 12))]
        for _ in range(chance.randrange(20_000)):
            pass  # some moment within the next posting
        os.kill(worker, signal.SIGKILL)
        told += [int(line) for line in poster.rest()]
        last = max(last, *told)
    return last


async def payments(ledger: DatabaseLedger) -> list[str]:
    """Return the ids of all payments that are in the book."""
    transfers = await ledger.read(lambda tx: tx.transfers("asset:cash", 1_000_000))
    return [transfer.id for transfer in transfers]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.timeout(900)
async def test_killed_at_random(
    place: Path | str, engine: str, figure: Callable[[str], None]
) -> None:
    """No kill loses an acknowledged payment, doubles one, or leaves half of a transaction."""
    await prepare(place)
    chance = random.Random(20261124)
    with poster(place) as posting:
        acknowledged = await asyncio.to_thread(kill_often, posting, "late", chance)
    async with opened(place) as ledger:
        kept = await payments(ledger)
        balance = await ledger.read(lambda tx: tx.balance(tenant(A_101)))
        found = await ledger.verify()
    lost = {f"top:pay-{number}:{A_101}" for number in range(1, acknowledged + 1)} - set(kept)
    doubled = len(kept) - len(set(kept))
    used_wh = sum(1 + number % 7 for number in range(1, len(kept) + 1))
    assert lost == set()
    assert doubled == 0
    assert len(kept) - acknowledged in {0, 1}  # the last one may have been on its way
    assert balance == len(kept) * YUAN - used_wh * PRICES["flat"]
    assert found.faults == ()
    assert (found.charged_wh, found.register_wh) == (used_wh, used_wh)
    figure(
        f"{engine}: {KILLS} kills, {acknowledged} acknowledged, {len(lost)} lost, {doubled} doubled"
    )


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.timeout(900)
async def test_acknowledging_too_early_would_lose(
    place: Path | str, engine: str, figure: Callable[[str], None]
) -> None:
    """The control: told before the commit, payments do get lost by the same kills."""
    await prepare(place)
    with poster(place) as posting:
        worker = await asyncio.to_thread(posting.start, 1, "early")
        told = int(await asyncio.to_thread(posting.line))
        os.kill(worker, signal.SIGKILL)
        await asyncio.to_thread(posting.rest)
    async with opened(place) as ledger:
        lost = f"top:pay-{told}:{A_101}" not in await payments(ledger)
    figure(f"{engine}: control: acknowledged too early, {int(lost)} lost")
    assert lost


async def test_full_disk_loses_nothing(tmp_path: Path) -> None:
    """When files may not grow, a posting fails as a whole; when they may again, it works."""
    path = tmp_path / "ledger.db"
    await prepare(path)
    with poster(path) as posting:
        await asyncio.to_thread(posting.start, 1, "full")
        key, last = await asyncio.to_thread(posting.rest)
    assert key == "ledger_unavailable"
    async with opened(path) as ledger:
        assert len(await payments(ledger)) == int(last) > 5
        assert (await ledger.verify()).faults == ()


# -- every step of ours --------------------------------------------------------------------------


async def test_killed_at_each_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    """A kill before, within and after each transaction leaves a sound book that can be continued.

    Each image is opened, audited and continued from the first transaction that it does not hold;
    the end is the same, to the last hash, as without any kill.
    """
    path, story = tmp_path / "ledger.db", full_story()
    camera = Camera(path, tmp_path / "images")
    camera.folder.mkdir()
    camera.watch(monkeypatch)
    async with opened(path) as ledger:
        camera.images.clear()  # of an empty file: a kill before there is a book loses none
        for work in story:
            await ledger.run(work)
            camera.acknowledged += 1
            camera.shoot()
    monkeypatch.undo()
    expected = content(path)
    for image, acknowledged in camera.images.values():
        async with opened(image) as ledger:
            assert (await ledger.verify()).faults == ()
            for work in story[acknowledged:]:
                await ledger.run(work)
        assert content(image) == expected
    figure(f"{camera.shots} crash points, {len(camera.images)} different images: 0 lost, 0 doubled")
    assert camera.shots > 100
    assert len(camera.images) > len(story)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_killed_within_each_commit(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """A log that ends anywhere, in the middle of a write too, holds exactly what was acknowledged.

    A commit appends to the log. The log is cut at each of its pages and at odd bytes within them,
    as a kill or a power cut would leave it; what lies whole before the cut is there, no more.
    """
    path, story = tmp_path / "ledger.db", full_story()
    log = path.with_name("ledger.db-wal")
    ends: list[int] = []
    async with opened(path) as ledger:
        for work in story:
            ends.append(log.stat().st_size)
            await ledger.run(work)
        ends.append(log.stat().st_size)
        book, whole = path.read_bytes(), log.read_bytes()
    expected = content(path)
    chance = random.Random(20261124)
    cuts = {end + shift for end in ends for shift in (-1, 0, 1)}
    cuts |= {chance.randrange(ends[0], ends[-1]) for _ in range(100)}
    image = tmp_path / "image.db"
    for cut in sorted(cuts):
        image.write_bytes(book)
        image.with_name("image.db-wal").write_bytes(whole[:cut])
        kept = sum(end <= cut for end in ends[1:])
        async with opened(image) as ledger:
            assert ledger.is_new == (cut < ends[0])
            found = await ledger.verify()
            assert found.faults == ()
            for work in story[kept:]:
                await ledger.run(work)
        assert content(image) == expected
    figure(f"{len(cuts)} cuts within {len(story)} commits: 0 lost, 0 doubled")

"""Power cuts at each system call: what was acknowledged is there, once, and the book is sound.

A kill leaves all that was written, for it is in the system's cache; a power cut does not. So the
calls of a real posting process are recorded, and for each instant between two of them disks are
made as a power cut could leave them. Each is opened by the ledger itself. The control lets SQLite
sync less, as it does by default in most programs: then acknowledged payments must get lost.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
import hashlib
from pathlib import Path
import random
import shutil
import sys

import pytest

from custom_components.compere_prepaid.core.errors import PrepaidError
from custom_components.compere_prepaid.core.ledger.accounts import CASH
from tests.adapters.ledger_books import opened
from tests.proof.power_loss import Disk, Image
from tests.proof.system_calls import record

BOOK = Path("compere_prepaid") / "mall.db"
SEED = 20261124

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass(frozen=True, slots=True)
class Found:
    """What the ledger finds on a disk: payments by number, and what is wrong with the book."""

    payments: Counter[str]
    faults: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """What all power cuts came to: crash points, different images, and of these the bad ones."""

    points: int
    images: int
    losing: int = 0
    most_lost: int = 0
    doubling: int = 0
    corrupt: int = 0

    def count(self, found: Found, acknowledged: Sequence[int]) -> None:
        """Add what was found on an image, where so much was acknowledged."""
        lost = sum(not found.payments[f"pay-{number}"] for number in acknowledged)
        self.losing += lost > 0
        self.most_lost = max(self.most_lost, lost)
        self.doubling += any(times > 1 for times in found.payments.values())
        self.corrupt += found.faults != ()


def lay_out(image: Image, disk: Path) -> None:
    """Write an image as files."""
    (root, _), *content = image.items()
    shutil.rmtree(disk, ignore_errors=True)
    disk.mkdir()
    for path, data in content:
        place = disk / path.relative_to(root)
        if data is None:
            place.mkdir()
        else:
            place.write_bytes(data)


async def survey(book: Path) -> Found:
    """Open a book as after a power cut, list its payments and audit it."""
    try:
        async with opened(book) as ledger:
            transfers = await ledger.read(lambda tx: tx.transfers(CASH, 1_000_000))
            faults = (await ledger.verify()).faults
    except PrepaidError as error:
        return Found(Counter(), (str(error),))
    return Found(Counter(transfer.id.split(":")[1] for transfer in transfers), faults)


def sight(image: Image) -> bytes:
    """Return what tells different images apart."""
    digest = hashlib.blake2b()
    for path, data in image.items():
        digest.update(f"{path} {-1 if data is None else len(data)}\n".encode())
        digest.update(data or b"")
    return digest.digest()


def what_lies_in(folder: Path) -> Image:
    """Return a folder, with all that is in it, as an image."""
    paths = (folder, *folder.rglob("*"))
    return {path: path.read_bytes() if path.is_file() else None for path in paths}


async def cut_power_everywhere(folder: Path, payments: int, synchronous: str) -> Tally:
    """Record a process that posts, and survey what a cut at each of its instants leaves of it."""
    root = folder / "disk"
    root.mkdir()
    poster = (sys.executable, "-m", "tests.proof.recorded_process")
    arguments = (str(root / BOOK), str(payments), synchronous)
    steps = await record((*poster, *arguments), root, folder / "trace")
    disk, chance = Disk(root), random.Random(SEED)
    seen: dict[bytes, Found] = {}
    asked: dict[bytes, int] = {}
    for step in steps:
        disk.play(step)
        for image in disk.images(chance):
            name = sight(image)
            if name not in seen:
                lay_out(image, folder / "image")
                seen[name] = await survey(folder / "image" / BOOK)
            asked[name] = len(disk.acknowledged)  # of equal images, the last one asks the most
    assert sorted(disk.acknowledged) == list(range(1, payments + 1))
    assert disk.written() == what_lies_in(root)  # nothing escaped the recording
    tally = Tally(points=len(steps), images=len(seen))
    for name, found in seen.items():
        tally.count(found, disk.acknowledged[: asked[name]])
    return tally


async def test_no_power_cut_loses_a_payment(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """With the ledger's settings, what was acknowledged outlives a power cut at each instant."""
    tally = await cut_power_everywhere(tmp_path, payments=20, synchronous="2")
    figure(
        f"power loss: {tally.points} crash points, {tally.images} images: {tally.losing} lost "
        f"acknowledged payments, {tally.doubling} doubled one, {tally.corrupt} corrupt"
    )
    assert tally.points > 500
    assert tally.images > 1000
    assert (tally.losing, tally.doubling, tally.corrupt) == (0, 0, 0)


async def test_syncing_less_would_lose(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """The control: with `synchronous=NORMAL` the same cuts lose acknowledged payments."""
    tally = await cut_power_everywhere(tmp_path, payments=6, synchronous="1")
    figure(
        f"control NORMAL: {tally.losing} of {tally.images} images lost acknowledged payments, "
        f"at most {tally.most_lost}"
    )
    assert tally.losing > 100

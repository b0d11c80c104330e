"""The disk that forgets, on small programs whose remains are known: it keeps what a disk must."""

from pathlib import Path
import random
import sys

import pytest

from tests.proof.power_loss import SECTOR, Disk, Image, torn
from tests.proof.system_calls import Acknowledge, Step, Write, record

PROGRAM = """
import os
root = {root!r}
folder = os.open(root, os.O_RDONLY)
def create(name):
    return os.open(root + name, os.O_CREAT | os.O_RDWR)
def say(number):
    os.write(1, b"ACK %d" % number)
"""


async def steps_of(program: str, folder: Path) -> list[Step]:
    """Record a program in a new folder."""
    root = folder / "disk"
    root.mkdir()
    text = PROGRAM.format(root=str(root)) + program
    return await record([sys.executable, "-c", text], root, folder / "trace")


async def remains(program: str, folder: Path) -> list[dict[str, bytes | None]]:
    """Return what is certain to be left at each `say` of a program."""
    steps = await steps_of(program, folder)
    disk, least = Disk(folder / "disk"), []
    for step in steps:
        disk.play(step)
        if isinstance(step.act, Acknowledge):
            least.append(named(next(disk.images(random.Random(0)))))
    return least


def named(image: Image) -> dict[str, bytes | None]:
    """Return an image by the names in its one folder."""
    _, *content = image.items()
    return {path.name: data for path, data in content}


async def test_only_what_was_synced_is_certain(tmp_path: Path) -> None:
    """A file lasts when both its content and its name were synced, each with what it was then."""
    program = """
a = create("/a")
os.pwrite(a, b"one", 0)
os.fsync(a)
say(1)
os.fsync(folder)
say(2)
os.pwrite(a, b"two", 3)
say(3)
os.fdatasync(a)
os.ftruncate(a, 2)
say(4)
os.fsync(a)
say(5)
"""
    assert await remains(program, tmp_path) == [
        {},
        {"a": b"one"},
        {"a": b"one"},
        {"a": b"onetwo"},
        {"a": b"on"},
    ]


async def test_names_come_and_go_with_their_folder(tmp_path: Path) -> None:
    """Removing and renaming last when the folder is synced; what lies in a lost folder is lost."""
    program = """
create("/a")
create("/b")
os.fsync(folder)
os.unlink(root + "/a")
os.rename(root + "/b", root + "/c")
os.mkdir(root + "/d")
create("/d/e")
os.fsync(os.open(root + "/d", os.O_RDONLY))
say(1)
os.fsync(folder)
say(2)
"""
    assert await remains(program, tmp_path) == [
        {"a": b"", "b": b""},
        {"c": b"", "d": None, "e": b""},
    ]


async def test_what_was_not_synced_may_be_there(tmp_path: Path) -> None:
    """All of it, a part, or a torn last write: each is among the images of a moment."""
    program = """
a = create("/a")
os.pwrite(a, b"x" * 1000, 0)
"""
    disk = Disk(tmp_path / "disk")
    for step in await steps_of(program, tmp_path):
        disk.play(step)
    whole = b"x" * 1000
    images = [named(image) for seed in range(50) for image in disk.images(random.Random(seed))]
    assert named(disk.written()) == {"a": whole}
    for possible in (
        {},
        {"a": b""},
        {"a": whole},
        {"a": whole[:SECTOR]},
        {"a": bytes(SECTOR) + whole[SECTOR:]},
    ):
        assert possible in images


@pytest.mark.parametrize(("offset", "size"), [(0, 4096), (32, 24), (500, 24), (4152, 4096)])
def test_writes_tear_between_sectors(offset: int, size: int, tmp_path: Path) -> None:
    """What is left of a torn write begins or ends where a sector of the disk does."""
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    for seed in range(50):
        left = torn(Write(tmp_path, offset, data), random.Random(seed))
        begin, end = left.offset, left.offset + len(left.data)
        assert len(left.data) < size
        assert left.data == data[begin - offset : end - offset]
        assert left.data == b"" or (begin == offset) != (end == offset + size)
        assert left.data == b"" or begin % SECTOR == 0 or end % SECTOR == 0


@pytest.mark.parametrize(
    ("program", "complaint"),
    [
        ("os.write(create('/a'), b'x')", "not understood: write"),
        ("os.symlink('somewhere', root + '/a')", "not understood: symlink"),
        ("import mmap; a = create('/a'); os.ftruncate(a, 9); mmap.mmap(a, 9)", "through memory"),
        (
            "create('/a'); os.mkdir(root + '/d'); os.rename(root + '/a', root + '/d/a')",
            "moved into",
        ),
        ("os.chdir(root); create('/a'); os.unlink('a')", "who knows where"),
        ("os._exit(3)", "program failed"),
    ],
)
async def test_gaps_in_the_recording_are_refused(
    tmp_path: Path, program: str, complaint: str
) -> None:
    """What the recording cannot follow fails it: nobody would know which cuts are missing."""
    with pytest.raises(AssertionError, match=complaint):
        await steps_of(program, tmp_path)

"""What a program did to its files, as the kernel saw it: recorded by `strace`, in order.

Only what changes files or makes changes last is recorded, and the program's own word `ACK <n>` on
its standard output. Whatever reaches a file of interest in a way that is not understood here fails
the recording: a gap in it would be a power cut that nobody tried.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
import re

ROOT = Path(__file__).parents[2]

_CALLS = (
    "openat open creat write pwrite64 writev pwritev pwritev2 fsync fdatasync sync_file_range "
    "ftruncate truncate fallocate copy_file_range sendfile unlink unlinkat rmdir rename renameat "
    "renameat2 link linkat symlink symlinkat mkdir mkdirat mmap io_uring_setup"
)
_TRACED = ",".join(f"?{name}" for name in _CALLS.split())  # not each machine has all of them

_LINE = re.compile(r"(\d+) +(.*)")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+)(.*)")
_DESCRIPTOR = re.compile(r"(\w+)<((?:\\x\w\w)*)>(\(deleted\))?")
_TEXT = re.compile(r'"((?:\\x\w\w)*)"')
_UNFINISHED = "<unfinished ...>"


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes that were written into a file."""

    path: PurePath
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Resize:
    """A file was cut off, or lengthened with zeros."""

    path: PurePath
    size: int


@dataclass(frozen=True, slots=True)
class Create:
    """A name came into its folder, unless it was there: of a file, or of a folder."""

    path: PurePath
    folder: bool = False


@dataclass(frozen=True, slots=True)
class Remove:
    """A name went from its folder."""

    path: PurePath


@dataclass(frozen=True, slots=True)
class Rename:
    """A file got another name in the same folder, in place of what had that name."""

    path: PurePath
    to: PurePath


@dataclass(frozen=True, slots=True)
class Sync:
    """Returned when the content of a file, or the names in a folder, were on the disk."""

    path: PurePath


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The program told the world that it has done something."""

    number: int


type Act = Write | Resize | Create | Remove | Rename | Sync | Acknowledge


@dataclass(frozen=True, slots=True)
class Step:
    """An act, and the lines of the recording between which it happened."""

    act: Act
    begun: int
    ended: int

    @property
    def order(self) -> int:
        """When it counts: what was begun may have happened, what syncs must have ended."""
        return self.ended if isinstance(self.act, Sync) else self.begun


@dataclass(frozen=True, slots=True)
class _Call:
    name: str
    arguments: str
    result: int
    file: str
    """The file of the descriptor that was returned, if one was."""
    begun: int
    ended: int


async def record(command: Sequence[str], folder: Path, trace: Path) -> list[Step]:
    """Run a program to its end; return what it did to the files in a folder, in order."""
    texts = ("-y", "-xx", "-s", "16777216")  # of descriptors the file; all in hex, nothing cut off
    await traced((*texts, "-e", f"trace={_TRACED}", "-o", str(trace)), command)
    with trace.open(encoding="ascii") as lines:
        steps = [
            Step(act, call.begun, call.ended)
            for call in _calls(lines)
            if call.result >= 0
            for act in _acts(call, folder)
        ]
    return sorted(steps, key=lambda step: step.order)


async def traced(options: Sequence[str], command: Sequence[str]) -> list[str]:
    """Run a program to its end under `strace`; return the lines that it said."""
    try:
        process = await asyncio.create_subprocess_exec(
            *("strace", "-f", "--seccomp-bpf", "-e", "signal=none", *options, *command),
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise AssertionError("this proof needs the program strace (6.1 or newer)") from error
    said, complaint = await process.communicate()
    assert process.returncode == 0, (
        "the traced program failed. If strace is not permitted to trace (in a container: "
        f"--cap-add=SYS_PTRACE), permit it. They said:\n{complaint.decode()[-2000:]}"
    )
    return said.decode().splitlines()


def _calls(lines: Iterator[str]) -> Iterator[_Call]:
    """Put calls together again that were interrupted by another thread's."""
    begun: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines):
        found = _LINE.fullmatch(line.rstrip("\n"))
        assert found is not None, line
        thread, text = found.groups()
        start = number
        if resumed := _RESUMED.fullmatch(text):
            start, head = begun.pop(thread)
            text = head + resumed[1]
        if text.endswith(_UNFINISHED):
            begun[thread] = start, text.removesuffix(_UNFINISHED).rstrip()
        elif call := _CALL.fullmatch(text):
            name, arguments, result, rest = call.groups()
            file = _DESCRIPTOR.match(result + rest)
            yield _Call(name, arguments, int(result), _plain(file), start, number)
    assert not begun, "the recording ends within a call"


def _acts(call: _Call, folder: Path) -> Sequence[Act]:
    """Return what a call did to the files in the folder, or what it said."""
    if call.name == "write" and call.arguments.startswith("1<"):
        said = _data(call).decode()
        return [Acknowledge(int(said.removeprefix("ACK ")))] if said.startswith("ACK ") else ()
    path = _path(call)
    if not path.is_relative_to(folder) or path.name.endswith("-shm"):
        return ()  # SQLite makes the index of its log anew whenever it comes first
    assert call.name in _MEANINGS, f"not understood: {call.name}({call.arguments[:300]})"
    return _MEANINGS[call.name](call, path)


def _opened(call: _Call, path: PurePath) -> Sequence[Act]:
    acts: list[Act] = []
    if "O_CREAT" in call.arguments:
        acts.append(Create(path))
    if "O_TRUNC" in call.arguments:
        acts.append(Resize(path, 0))
    return acts


def _written(call: _Call, path: PurePath) -> Sequence[Act]:
    return (Write(path, _last_number(call), _data(call)[: call.result]),)


def _renamed(call: _Call, path: PurePath) -> Sequence[Act]:
    to = PurePath(_plain(list(_TEXT.finditer(call.arguments))[1]))
    assert path.parent == to.parent, "moved into another folder"
    return (Rename(path, to),)


def _mapped(call: _Call, path: PurePath) -> Sequence[Act]:
    written = "PROT_WRITE" in call.arguments and "MAP_SHARED" in call.arguments
    assert not written, f"{path} is written through memory, which cannot be recorded"
    return ()


_MEANINGS: dict[str, Callable[[_Call, PurePath], Sequence[Act]]] = {
    "open": _opened,
    "openat": _opened,
    "pwrite64": _written,
    "ftruncate": lambda call, path: (Resize(path, _last_number(call)),),
    "fsync": lambda _, path: (Sync(path),),
    "fdatasync": lambda _, path: (Sync(path),),
    "unlink": lambda _, path: (Remove(path),),
    "unlinkat": lambda _, path: (Remove(path),),
    "rename": _renamed,
    "renameat": _renamed,
    "renameat2": _renamed,
    "mkdir": lambda _, path: (Create(path, folder=True),),
    "mkdirat": lambda _, path: (Create(path, folder=True),),
    "mmap": _mapped,
}


def _path(call: _Call) -> PurePath:
    """Return the file that a call is about: the one opened, of its descriptor, or named."""
    if call.file:
        return PurePath(call.file)
    descriptor = _DESCRIPTOR.search(call.arguments)
    if call.name.startswith(("pwrite", "write", "f", "mmap")):
        deleted = descriptor is not None and descriptor[3]  # nobody finds such a file again
        return PurePath() if deleted else PurePath(_plain(descriptor))
    names = list(_TEXT.finditer(call.arguments))
    which = -1 if call.name.startswith(("link", "symlink")) else 0
    path = PurePath(_plain(descriptor), _plain(names[which]))
    assert path.is_absolute(), f"who knows where: {call.name}({path})"
    return path


def _plain(found: re.Match[str] | None) -> str:
    """Return the text of a name in hex: of a descriptor, or between quotation marks."""
    if found is None:
        return ""
    return _bytes(found[2] if found.re is _DESCRIPTOR else found[1]).decode()


def _data(call: _Call) -> bytes:
    found = _TEXT.search(call.arguments)
    assert found is not None, call.arguments[:300]
    return _bytes(found[1])


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _last_number(call: _Call) -> int:
    return int(call.arguments.rpartition(",")[2])

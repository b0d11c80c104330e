"""A disk that forgets: what a power cut may leave of what a program wrote.

What was synced is there. Of what was not, each piece may be there or not: bytes in a file, a file's
length, and the names in a folder, which are synced on their own. The disk is honest: what it said
to have synced, it has.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath
import random

from tests.proof.system_calls import (
    Acknowledge,
    Create,
    Remove,
    Rename,
    Resize,
    Step,
    Sync,
    Write,
)

SECTOR = 512
"""A disk writes a sector as a whole or not at all."""

type Image = dict[PurePath, bytes | None]
"""What is on a disk, each folder (without content) before what lies in it."""

type Alteration = Write | Resize | Create | Remove | Rename


@dataclass(frozen=True, slots=True)
class Change:
    """What a program did to a file, or to the names in a folder, and may be forgotten."""

    what: Alteration
    node: int
    """The file or folder that was changed or named."""
    kept_by: int
    """The file or folder that must be synced for it."""
    ended: int


@dataclass(slots=True)
class Files:
    """Names, and what is found under them; a name is not the file, as it may come and go."""

    root: PurePath
    names: dict[PurePath, int]
    content: dict[int, bytearray]

    def copy(self) -> Files:
        """Return the same once more."""
        content = {node: bytearray(data) for node, data in self.content.items()}
        return Files(self.root, dict(self.names), content)

    def apply(self, change: Change) -> None:
        """Let a change happen."""
        match change.what:
            case Write(_, offset, data):
                file = self._sized(change.node, offset)
                file[offset : offset + len(data)] = data
            case Resize(_, size):
                del self._sized(change.node, size)[size:]
            case Create(path, folder):
                self.names[path] = change.node
                if not folder:
                    self.content.setdefault(change.node, bytearray())
            case Remove(path):
                self.names.pop(path, None)
            case Rename(path, to):
                self.names.pop(path, None)
                self.names[to] = change.node

    def image(self) -> Image:
        """Return all that can be found: what lies in a folder without a name is lost."""
        image: Image = {}
        for path in sorted(self.names):
            if path == self.root or path.parent in image:
                data = self.content.get(self.names[path])
                image[path] = None if data is None else bytes(data)
        return image

    def _sized(self, node: int, size: int) -> bytearray:
        """Return a file's content, lengthened with zeros to a size."""
        file = self.content.setdefault(node, bytearray())
        file.extend(bytes(max(0, size - len(file))))
        return file


class Disk:
    """A disk to which a recorded program is played, step by step."""

    def __init__(self, root: PurePath) -> None:
        """Begin with a folder that is empty, and lasts."""
        self.acknowledged: list[int] = []
        self._nodes = 0
        self._pending: list[Change] = []
        self._durable = Files(root, {root: 0}, {})
        self._written = self._durable.copy()

    def play(self, step: Step) -> None:
        """Let the program take a step."""
        match step.act:
            case Acknowledge(number):
                self.acknowledged.append(number)
            case Sync(path):
                self._sync(self._written.names[path], step.begun)
            case Create(path) if path in self._written.names:
                pass
            case Create(path) as what:
                self._nodes += 1
                self._change(what, self._nodes, self._written.names[path.parent], step)
            case Write(path) | Resize(path) as what:
                node = self._written.names[path]
                self._change(what, node, node, step)
            case Remove(path) | Rename(path) as what:
                names = self._written.names
                self._change(what, names[path], names[path.parent], step)

    def written(self) -> Image:
        """Return all that was written, as it is found when the power stays on."""
        return self._written.image()

    def images(self, chance: random.Random) -> Iterator[Image]:
        """Yield what a power cut now may leave: the least, all, half of it, a torn last write."""
        yield self._durable.image()
        yield self.written()
        yield self._with(change for change in self._pending if chance.random() < 0.5)
        *before, last = self._pending or (None,)
        if last is not None and isinstance(last.what, Write):
            yield self._with([*before, replace(last, what=torn(last.what, chance))])

    def _change(self, what: Alteration, node: int, kept_by: int, step: Step) -> None:
        change = Change(what, node, kept_by, step.ended)
        self._pending.append(change)
        self._written.apply(change)

    def _sync(self, node: int, begun: int) -> None:
        """Let all that was done to a file or folder before an instant last."""
        pending = []
        for change in self._pending:
            if change.kept_by == node and change.ended < begun:
                self._durable.apply(change)
            else:
                pending.append(change)
        self._pending = pending

    def _with(self, changes: Iterable[Change]) -> Image:
        files = self._durable.copy()
        for change in changes:
            files.apply(change)
        return files.image()


def torn(write: Write, chance: random.Random) -> Write:
    """Return what a power cut leaves of a write: the sectors before, or behind, some border."""
    end = write.offset + len(write.data)
    borders = range((write.offset // SECTOR + 1) * SECTOR, end, SECTOR)
    if not borders:
        return replace(write, data=b"")  # one sector: not at all
    cut = chance.choice(borders)
    if chance.random() < 0.5:
        return replace(write, data=write.data[: cut - write.offset])
    return replace(write, offset=cut, data=write.data[cut - write.offset :])

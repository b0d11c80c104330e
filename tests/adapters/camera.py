"""Images of a ledger's files, as a kill at that moment would leave them."""

from dataclasses import dataclass, field
from pathlib import Path
import shutil

import pytest
from sqlalchemy import Engine, event

from custom_components.compere_prepaid.adapters.ledger_database.sqlite import SqliteDatabase


@dataclass(slots=True)
class Camera:
    """Copies the files as a kill at this moment would leave them."""

    path: Path
    folder: Path
    shots: int = 0
    acknowledged: int = 0
    images: dict[tuple[bytes, ...], tuple[Path, int]] = field(default_factory=dict)
    """What was seen, with the file and how much was acknowledged; each sight once."""

    def shoot(self) -> None:
        """Take an image of the book and its log; the latest of equal ones counts."""
        files = {suffix: self.path.with_name(self.path.name + suffix) for suffix in ("", "-wal")}
        sight = tuple(file.read_bytes() for file in files.values() if file.exists())
        image = self.folder / f"{self.shots}.db"
        for suffix, file in files.items():
            if file.exists():
                shutil.copy(file, image.with_name(image.name + suffix))
        self.images[sight] = (image, self.acknowledged)
        self.shots += 1

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Shoot around each statement of writers that are opened from now on."""
        open_writer = SqliteDatabase.open_writer

        def open_watched(database: SqliteDatabase) -> Engine:
            engine = open_writer(database)
            for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
                event.listen(engine, moment, lambda *_: self.shoot())
            return engine

        patch.setattr(SqliteDatabase, "open_writer", open_watched)

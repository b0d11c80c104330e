"""What a printer is told to do, as one line of JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
import json
from pathlib import Path
from typing import Any

from .view import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A statement to print, and to which files: `html`, `pdf`, `csv`, `xlsx`."""

    site: str
    account: str
    content: str
    """As the ledger keeps it: JSON."""
    number: int
    issued_at: datetime
    """In the site's zone."""
    language: str
    files: Mapping[str, Path] = field(default_factory=dict)

    def written(self, *, with_files: bool = True) -> bytes:
        """Return it as a line."""
        data = {
            "site": self.site,
            "account": self.account,
            "content": self.content,
            "number": self.number,
            "issued_at": self.issued_at.isoformat(),
            "language": self.language,
            "files": {form: str(path) for form, path in self.files.items()} if with_files else {},
        }
        return json.dumps(data).encode() + b"\n"

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Order:
        """Read one."""
        return cls(
            site=data["site"],
            account=data["account"],
            content=data["content"],
            number=data["number"],
            issued_at=datetime.fromisoformat(data["issued_at"]),
            language=data["language"],
            files={form: Path(path) for form, path in data["files"].items()},
        )

    @property
    def statement(self) -> Statement:
        """What is to be printed."""
        return Statement(
            site=self.site,
            content=json.loads(self.content),
            number=self.number,
            issued_at=self.issued_at,
        )

"""The page itself: built files, read once and served from memory."""

from collections.abc import Mapping
from dataclasses import dataclass
import gzip
import hashlib
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from .errors import PortalError, not_found

ASSETS = Path(__file__).parent / "assets"
SHELL: Final = "index.html"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_PACKED = frozenset({".css", ".html", ".js", ".json", ".svg"})
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltFile:
    """A file of the page."""

    content: bytes
    packed: bytes | None
    content_type: str
    etag: str


def load_files(folder: Path = ASSETS) -> Mapping[str, BuiltFile]:
    """Read the built files by name; this blocks."""
    if not folder.is_dir():
        return {}
    files = (path for path in sorted(folder.rglob("*")) if path.suffix in _TYPES)
    return {path.relative_to(folder).as_posix(): _read(path) for path in files}


def _read(path: Path) -> BuiltFile:
    content = path.read_bytes()
    packed = gzip.compress(content, mtime=0) if path.suffix in _PACKED else None
    return BuiltFile(
        content=content,
        packed=packed,
        content_type=_TYPES[path.suffix],
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    )


@dataclass(frozen=True, slots=True)
class Shell:
    """Answers with the page's files."""

    files: Mapping[str, BuiltFile]

    async def page(self, request: web.Request) -> web.Response:
        """Return the page; it finds out itself what its address means."""
        if SHELL not in self.files:
            raise PortalError(503, "try_later")
        return _answer(request, self.files[SHELL], {})

    async def asset(self, request: web.Request) -> web.Response:
        """Return a file whose name changes with its content."""
        name = request.match_info["file"]
        if name == SHELL or name not in self.files:
            raise not_found()
        file = self.files[name]
        headers: dict[str, str] = {hdrs.CACHE_CONTROL: _FOR_EVER, hdrs.ETAG: file.etag}
        if file.etag in request.headers.get(hdrs.IF_NONE_MATCH, ""):
            return web.Response(status=304, headers=headers)
        return _answer(request, file, headers)


def _answer(request: web.Request, file: BuiltFile, headers: Mapping[str, str]) -> web.Response:
    whole = {**headers, hdrs.CONTENT_TYPE: file.content_type, hdrs.VARY: hdrs.ACCEPT_ENCODING}
    accepts = request.headers.get(hdrs.ACCEPT_ENCODING, "")
    if file.packed is not None and "gzip" in accepts:
        return web.Response(body=file.packed, headers={**whole, hdrs.CONTENT_ENCODING: "gzip"})
    return web.Response(body=file.content, headers=whole)

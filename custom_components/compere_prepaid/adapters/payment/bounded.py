"""Reading an answer that somebody else may make as long as they like."""

from aiohttp import ClientResponse

_PIECE = 64 * 1024


async def read(response: ClientResponse, limit: int) -> bytes | None:
    """Return the whole body, in however many pieces it comes; None if it is longer than this."""
    body = bytearray()
    async for piece in response.content.iter_chunked(_PIECE):
        body += piece
        if len(body) > limit:
            return None
    return bytes(body)

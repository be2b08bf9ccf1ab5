"""Reading the body of a request within bounds of size and time."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request

UPLOAD_S = 15.0
"""Longest time that an upload may take, seconds."""

_DISCARDED = 8
"""A body of up to so many times its limit is read to its end, so that the client reads the refusal."""


async def read_body(request: Request, limit: int) -> bytes:
    """The body of a request; its bytes are counted, whatever its headers say.

    Raises:
        HTTPException: it is longer than ``limit`` bytes (413), or takes longer than ``UPLOAD_S`` (400).
        ClientDisconnect: the client has gone.
    """
    body, length = bytearray(), 0
    try:
        async with asyncio.timeout(UPLOAD_S):
            async for chunk in request.stream():
                length += len(chunk)
                if length <= limit:
                    body += chunk
                elif length > _DISCARDED * limit:
                    break
    except TimeoutError:
        text = f"the upload took longer than {UPLOAD_S:g} s"
        raise HTTPException(400, text, {"Connection": "close"}) from None
    if length > limit:
        text = f"the body is too large: expected at most {limit} bytes"
        raise HTTPException(413, text, {"Connection": "close"})
    return bytes(body)

"""A server of one file that knows ranges, as web servers do, and breaks off where a test says."""

from __future__ import annotations

from email.utils import formatdate
from http.server import BaseHTTPRequestHandler

from tests.loopback_http import Reply


def ranged(body: bytes, *, cut: int | None = None, etag: str | None = '"v1"', changed: float = 0) -> Reply:
    """Serve a file.

    Args:
        body: What it holds.
        cut: After how many bytes of an answer's body the line is cut.
        etag: What this version is called.
        changed: When it was last changed, seconds since 1970; said only where it is not 0.
    """
    version = {"ETag": etag} if etag else {}
    if changed:
        version["Last-Modified"] = formatdate(changed, usegmt=True)

    def reply(handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if (
            start
            and handler.headers.get("If-Range", next(iter(version.values()), "")) not in version.values()
        ):
            start = 0
        if start >= len(body):
            handler.send_response(416)
            headers = {"Content-Range": f"bytes */{len(body)}", "Content-Length": "0"}
            rest = b""
        elif start:
            handler.send_response(206)
            headers = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} | version
            rest = body[start:]
        else:
            handler.send_response(200)
            headers, rest = version, body
        for name, value in ({"Content-Length": str(len(rest))} | headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(rest[:cut])
        handler.close_connection = True

    return reply

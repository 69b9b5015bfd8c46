"""A film file as the body of an upload: read from disk a piece at a time, its length certain."""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from avm_otio.errors import MediaError

CHUNK_BYTES = 256 * 1024

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""


class FilmUpload:
    """``multipart/form-data`` with one part, ``file``. Every iteration reads the file again.

    Args:
        path: The film.
        filename: The name to send it under; the path's own by default.
        progress: Called with how much of the file is sent.

    Raises:
        MediaError: The file is not there, not a file, or empty.
    """

    def __init__(self, path: Path, filename: str | None = None, progress: Progress | None = None) -> None:
        try:
            size = path.stat().st_size if path.is_file() else None
        except OSError as error:
            raise _unreadable(path, error) from error
        if size is None:
            raise MediaError(f"There is no film file {path}.", "Check the path.")
        if size == 0:
            raise MediaError(f"The film file {path} is empty.", "Export it again.")
        self._path = path
        self._size = size
        self._progress = progress
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        name = escape_filename(filename or path.name)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self._head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {kind}\r\n\r\n"
        ).encode("utf-8", "replace")
        self._tail = f"\r\n--{boundary}--\r\n".encode("ascii")

    def __len__(self) -> int:
        """The body's length in bytes."""
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        """The body, in pieces.

        Raises:
            MediaError: The file cannot be read, or is no longer as long as it was.
        """
        yield self._head
        sent = 0
        try:
            with self._path.open("rb") as file:
                while chunk := file.read(min(CHUNK_BYTES, self._size - sent)):
                    yield chunk
                    sent += len(chunk)
                    if self._progress is not None:
                        self._progress(sent, self._size)
        except OSError as error:
            raise _unreadable(self._path, error) from error
        if sent < self._size:
            raise MediaError(f"{self._path} became shorter while it was sent.", "Wait until it is whole.")
        yield self._tail


def escape_filename(name: str) -> str:
    """A file name as it may stand inside the quotes of a ``Content-Disposition``.

    Source: RFC 7578, 4.2, and the WHATWG's "multipart/form-data encoding algorithm".
    """
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _unreadable(path: Path, error: OSError) -> MediaError:
    return MediaError(f"{path} cannot be read: {error.strerror or error}.", "Check its permissions.")

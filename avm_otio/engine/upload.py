"""A film on its way in: a form whose file goes to disk piece by piece."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

LARGEST_FILM_BYTES = 32 * 1024**3
"""The largest film that is taken: six hours at 12 Mbit/s. Whoever sends more has no film in hand."""

_FIELD_LIMIT_BYTES = 64 * 1024

_KEPT_FREE_BYTES = 256 * 1024**2
"""What an upload leaves free on the disk: results, and whatever else lies there, must still be written."""

_KINDS = (b"multipart/form-data", b"application/x-www-form-urlencoded")


class FormError(Exception):
    """The body is not the form that it says it is."""


class TooLargeError(Exception):
    """The body is larger than what is taken, or than what the disk has left."""


class Upload:
    """Reads a form. Use it as a context manager: what nobody moved away is deleted at its end.

    A form is taken apart as parts wherever its type names a boundary, under the type of a form without parts,
    too: so says the first example of the service's reference, and so curl sends it.

    Attributes:
        files: Path and name, as it was sent, of each file called ``file``.
        youtube_urls: The values of each field called ``youtube_url`` that is not empty.

    Args:
        content_type: The request's header.
        folder: Where files are put while they come in.
        announced_bytes: How long the body is said to be; ``None`` where nobody says.

    Raises:
        FormError: The content type is none of a form.
        TooLargeError: It is said to be larger than what is taken.
    """

    def __init__(self, content_type: str, folder: Path, announced_bytes: int | None = None) -> None:
        self.files: list[tuple[Path, str]] = []
        self.youtube_urls: list[str] = []
        kind, options = parse_options_header(content_type)
        if kind not in _KINDS:
            raise FormError("not a form")
        boundary = options.get(b"boundary")
        if kind == _KINDS[0] and not boundary:
            raise FormError("no boundary")
        self._most_bytes = min(LARGEST_FILM_BYTES, shutil.disk_usage(folder).free - _KEPT_FREE_BYTES)
        if announced_bytes is not None and announced_bytes > self._most_bytes:
            raise TooLargeError
        self._bytes = self._parts = 0
        self._headers: list[tuple[bytearray, bytearray]] = []
        self._name = b""
        self._file: BinaryIO | None = None
        self._value = bytearray()
        self._is_whole = False
        self._parser = None
        if boundary:
            try:
                self._parser = MultipartParser(
                    boundary,
                    {
                        "on_part_begin": self._headers.clear,
                        "on_header_begin": lambda: self._headers.append((bytearray(), bytearray())),
                        "on_header_field": lambda data, start, end: self._headers[-1][0].extend(
                            data[start:end]
                        ),
                        "on_header_value": lambda data, start, end: self._headers[-1][1].extend(
                            data[start:end]
                        ),
                        "on_headers_finished": self._begin,
                        "on_part_data": self._take,
                        "on_part_end": self._end,
                        "on_end": self._complete,
                    },
                )
            except FormParserError as error:
                raise FormError(str(error)) from error
        self._folder = Path(tempfile.mkdtemp(dir=folder))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def write(self, piece: bytes) -> None:
        """Take the next piece of the body.

        Raises:
            FormError: It is not a form.
            TooLargeError: It is larger than what is taken.
        """
        self._bytes += len(piece)
        if self._bytes > self._most_bytes:
            raise TooLargeError
        if self._parser is None:
            self._add(self._value, piece)
            return
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise FormError(str(error)) from error

    def finish(self) -> None:
        """Say that the body is at its end.

        Raises:
            FormError: The form is not.
        """
        if self._parser is None:
            for name, value in parse_qsl(self._value.decode("utf-8", "replace")):
                self._note(name.encode(), value)
        elif not self._is_whole:
            raise FormError("cut off")

    def _begin(self) -> None:
        """A part's headers are read."""
        headers = {bytes(name).lower(): bytes(value) for name, value in self._headers}
        _, options = parse_options_header(headers.get(b"content-disposition"))
        self._name = options.get(b"name", b"")
        self._value.clear()
        if (file_name := options.get(b"filename")) is not None:
            self._parts += 1
            path = self._folder / str(self._parts)
            self._file = path.open("xb")
            if self._name == b"file":
                self.files.append((path, file_name.decode("utf-8", "replace")))

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._add(self._value, data[start:end])
        else:
            self._file.write(data[start:end])

    def _end(self) -> None:
        if self._file is None:
            self._note(self._name, self._value.decode("utf-8", "replace"))
            return
        self._file.close()
        self._file = None

    def _complete(self) -> None:
        self._is_whole = True

    def _add(self, value: bytearray, piece: bytes) -> None:
        if len(value) + len(piece) > _FIELD_LIMIT_BYTES:
            raise FormError("a field is too long")
        value += piece

    def _note(self, name: bytes, value: str) -> None:
        if name == b"youtube_url" and value.strip():
            self.youtube_urls.append(value)

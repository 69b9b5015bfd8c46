"""A film on its way in: a form whose file goes to disk piece by piece."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote_plus

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import File, FormParser, parse_options_header

_FIELD_LIMIT_BYTES = 64 * 1024


class FormError(Exception):
    """The body is not the form that it says it is."""


class Upload:
    """Reads a form. Use it as a context manager: what nobody moved away is deleted at its end.

    Attributes:
        files: Path and name, as it was sent, of each file called ``file``.
        youtube_urls: The values of each field called ``youtube_url`` that is not empty.

    Args:
        content_type: The request's header.
        folder: Where files are put while they come in.

    Raises:
        FormError: The content type is none of a form.
    """

    def __init__(self, content_type: str, folder: Path) -> None:
        self.files: list[tuple[Path, str]] = []
        self.youtube_urls: list[str] = []
        self._parts: list[File] = []
        kind, options = parse_options_header(content_type)
        if kind not in (b"multipart/form-data", b"application/x-www-form-urlencoded"):
            raise FormError("not a form")
        self._is_multipart = kind == b"multipart/form-data"
        self._folder = Path(tempfile.mkdtemp(dir=folder))
        limits = {"MAX_MEMORY_FILE_SIZE": 0, "MAX_FIELD_SIZE": _FIELD_LIMIT_BYTES}
        try:
            self._parser = FormParser(
                kind.decode(),
                on_field=self._on_field,
                on_file=self._on_file,
                boundary=options.get(b"boundary"),
                config={"UPLOAD_DIR": str(self._folder), "UPLOAD_DELETE_TMP": False} | limits,
            )
        except FormParserError as error:
            shutil.rmtree(self._folder)
            raise FormError(str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for part in self._parts:
            part.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def write(self, piece: bytes) -> None:
        """Take the next piece of the body.

        Raises:
            FormError: It is not a form.
        """
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise FormError(str(error)) from error

    def finish(self) -> None:
        """Say that the body is at its end.

        Raises:
            FormError: The form is not.
        """
        try:
            self._parser.finalize()
        except FormParserError as error:
            raise FormError(str(error)) from error
        for part in self._parts:
            part.close()

    def _on_field(self, field: Any) -> None:
        value = (field.value or b"").decode("utf-8", "replace")
        if not self._is_multipart:
            value = unquote_plus(value)
        if field.field_name == b"youtube_url" and value.strip():
            self.youtube_urls.append(value)

    def _on_file(self, file: File) -> None:
        self._parts.append(file)
        if file.actual_file_name is None:
            file.flush_to_disk()
        name = (file.file_name or b"").decode("utf-8", "replace")
        if file.field_name == b"file":
            self.files.append((Path(os.fsdecode(file.actual_file_name or b"")), name))

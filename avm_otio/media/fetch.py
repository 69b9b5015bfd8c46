"""Download one item to a file.

What comes is trusted as little as its address: bounded in size, time and kind, never unpacked, and whole
before it bears its name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from avm_otio.errors import DownloadError, LinkExpiredError
from avm_otio.files import make_folder, settle, unwritable
from avm_otio.media.naming import audio_ending, sniffed_ending
from avm_otio.media.partial import Begun, Body, Part
from avm_otio.media.untrusted import AGAIN, ASK, Asker, FetchLimits, place_of
from avm_otio.retry import PASSING_STATUSES, PassingFault, Retrying

HEAD_BYTES = 512
"""How much of a body is looked at before it counts as sound."""

Progress = Callable[[int, int | None], None]
"""Told the bytes done and the bytes in all, ``None`` where the server does not say."""

_LIMITS, _RETRYING = FetchLimits(), Retrying()
_GONE = (401, 403, 404, 410)
_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/xhtml")
_TEXT_MARKS = (b"<!doctype", b"<html", b"<?xml")


def fetch(
    url: str,
    folder: Path,
    stem: str,
    *,
    service_url: str,
    limits: FetchLimits = _LIMITS,
    progress: Progress = lambda done, total: None,
    retrying: Retrying = _RETRYING,
) -> Path:
    """Download an item whole.

    What came of one that broke off stays in the folder, hidden, where its server named it so that a later
    call can go on with it, in another process, too; see ``partial``. Nothing stays of one that cannot be gone
    on with. An address that differs in its query alone goes on with it as well: links are signed afresh.

    Args:
        url: Where it lies.
        folder: Where it goes; made if need be.
        stem: Its file name without the ending, as ``naming.safe_stem`` makes it.
        service_url: The service that gave the URL: its own host may be a private one.
        limits: How much and how long.
        progress: Told before each piece is written, first how much is here; what it raises ends the download.
        retrying: When to try again.

    Returns:
        The file, ``folder / (stem + ending)``.

    Raises:
        LinkExpiredError: The address leads to it no longer.
        DownloadError: It could not be had whole, is no sound, is too large, or lies where it must not.
        OutputError: It could not be written.
    """
    make_folder(folder)
    download = _Download(folder, stem, Asker(stem, httpx.URL(service_url).host, limits), progress)
    return retrying.run(lambda: download.attempt(url))


@dataclass(frozen=True, slots=True)
class _Download:
    folder: Path
    stem: str
    asker: Asker
    progress: Progress

    def attempt(self, url: str) -> Path:
        """Download once: the rest of what is here, or all of it."""
        part = Part.of(self.folder, self.stem)
        begun = part.begun()
        if begun is not None and begun.is_whole:
            return self._finish(part, begun.body)
        if begun is not None:
            with self.asker.answer(url, begun.headers()) as (place, response):
                if response.status_code == 206 and begun.goes_on_with(place_of(place), response.headers):
                    return self._keep(part, place, response, begun)
                if response.status_code not in (206, 416):
                    return self._keep(part, place, response)
        with self.asker.answer(url, {}) as (place, response):
            return self._keep(part, place, response)

    def _keep(self, part: Part, url: httpx.URL, response: httpx.Response, begun: Begun | None = None) -> Path:
        """Write the body of an answer, a whole one or the rest of ``begun``, to its file."""
        self._check_answer(url, response, is_rest=begun is not None)
        pieces = response.iter_raw()
        if begun is None:
            done, body = 0, Body.of(place_of(url), response.headers)
            head = _head(pieces)
            self._check_sound(url, head, body.content_type)
            pieces = _after(head, pieces)
        else:
            done, body = begun.size, begun.body
        self._check_size(url, body.total or 0)
        self.progress(done, body.total)  # before anything is touched: it may end the download
        pace = _Pace(self.asker.limits)
        try:
            with part.begin(body) if begun is None else part.go_on() as file:
                for piece in pieces:
                    done += len(piece)
                    self._check_size(url, done)
                    self.progress(done, body.total)
                    file.write(piece)
                    if pace.is_too_slow(len(piece)):
                        raise PassingFault(self.asker.error(url, "sends too slowly", AGAIN))
            if body.total not in (None, done):
                message = f"sent {done} bytes of {body.total}"
                raise PassingFault(self.asker.error(url, message, AGAIN))
        except Exception as error:
            if part.begun() is None:
                with suppress(OSError):
                    part.discard()
            if isinstance(error, OSError):
                raise unwritable(self.folder / self.stem, error) from error
            raise
        return self._finish(part, body)

    def _finish(self, part: Part, body: Body) -> Path:
        """Give a whole part its name."""
        try:
            with part.path.open("rb") as file:
                head = file.read(HEAD_BYTES)
            ending = audio_ending(head, body.content_type, httpx.URL(body.address).path) or ".bin"
            target = self.folder / (self.stem + ending)
            settle(part.path, target)
            part.discard()
        except OSError as error:
            raise unwritable(self.folder / self.stem, error) from error
        return target

    def _check_answer(self, url: httpx.URL, response: httpx.Response, *, is_rest: bool) -> None:
        status = response.status_code
        if status in PASSING_STATUSES or status >= 500:
            failed = self.asker.error(url, f"answered {status}", AGAIN)
            raise PassingFault(failed, response.headers.get("retry-after"))
        if not response.is_success or (status == 206) is not is_rest:
            kind = LinkExpiredError if status in _GONE else DownloadError
            raise self.asker.error(url, f"answered {status}", ASK, kind)
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        if coding != "identity":
            raise self.asker.error(url, f"sent it packed ({coding}), unasked", ASK)

    def _check_sound(self, url: httpx.URL, head: bytes, content_type: str) -> None:
        if not head:
            raise self.asker.error(url, "sent an empty body", ASK)
        if sniffed_ending(head):
            return
        is_text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_TEXT_MARKS)
        if is_text or content_type.lower().startswith(_TEXT_TYPES):
            raise self.asker.error(url, f"sent no sound but text ({content_type or 'HTML'})", ASK)

    def _check_size(self, url: httpx.URL, size: int) -> None:
        limit = self.asker.limits.max_bytes
        if size > limit:
            message = f"sends more than the limit of {limit} bytes"
            raise self.asker.error(url, message, "Download it by hand.")


class _Pace:
    """Whether a body comes so slowly that it might as well not come."""

    def __init__(self, limits: FetchLimits) -> None:
        self._limits = limits
        self._since, self._bytes = time.monotonic(), 0

    def is_too_slow(self, more_bytes: int) -> bool:
        """Whether it is, now that so many bytes more have come."""
        self._bytes += more_bytes
        passed_s = time.monotonic() - self._since
        if passed_s < self._limits.slow_s:
            return False
        is_slow = self._bytes < self._limits.least_bytes_per_s * passed_s
        self._since, self._bytes = time.monotonic(), 0
        return is_slow


def _head(pieces: Iterator[bytes]) -> bytes:
    head = b""
    while len(head) < HEAD_BYTES and (piece := next(pieces, b"")):
        head += piece
    return head


def _after(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from pieces

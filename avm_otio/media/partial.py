"""The part of a download that is already here, and whether an answer goes on with it.

Beside the bytes lies a note of the body that they are of. A body goes on only where its server named this
very version of it: by a strong ``ETag``, or by a ``Last-Modified`` that is one (RFC 9110, 8.8 and 13.1.5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Body:
    """The body that a server sends.

    Attributes:
        address: Where it comes from, without user and query: signed addresses carry secrets there.
        content_type: The header, as it came.
        total: Its whole length in bytes; ``None`` where the server does not say.
        version: What ``If-Range`` calls it; empty where no name can be relied upon.
    """

    address: str
    content_type: str
    total: int | None
    version: str

    @classmethod
    def of(cls, address: str, headers: Mapping[str, str]) -> Body:
        """What the headers of a whole answer say of its body; their names are in any case."""
        length = headers.get("content-length", "")
        total = int(length) if length.isascii() and length.isdigit() else None
        return cls(address, headers.get("content-type", ""), total, _version(headers))


@dataclass(frozen=True, slots=True)
class Begun:
    """A body of which a part is here, ``size`` bytes from its start."""

    body: Body
    size: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self.size == self.body.total

    def headers(self) -> dict[str, str]:
        """Request headers for the rest."""
        return {"range": f"bytes={self.size}-", "if-range": self.body.version}

    def goes_on_with(self, address: str, headers: Mapping[str, str]) -> bool:
        """Whether an answer 206 is the rest of this body, by all that it says of itself."""
        found = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
        if found is None or address != self.body.address:
            return False
        name = "etag" if self.body.version.startswith('"') else "last-modified"
        first, last, total = map(int, found.groups())
        return (
            first == self.size
            and first <= last < total == self.body.total
            and headers.get(name, self.body.version) == self.body.version
        )


@dataclass(frozen=True, slots=True)
class Part:
    """The file of a body that is not whole yet."""

    path: Path

    @classmethod
    def of(cls, folder: Path, stem: str) -> Part:
        """The part of the item that is to have this stem."""
        return cls(folder / f".{stem}.part")

    @property
    def note(self) -> Path:
        """The file that says what body it is a part of."""
        return self.path.with_name(f"{self.path.name}.json")

    def begun(self) -> Begun | None:
        """What is here of a body that can be gone on with; ``None`` for nothing."""
        try:
            note = json.loads(self.note.read_bytes())
            body = Body(
                str(note["address"]), str(note["content_type"]), int(note["total"]), str(note["version"])
            )
            size = self.path.stat().st_size
        except (OSError, ValueError, TypeError, KeyError):
            return None
        is_sane = body.version.isascii() and body.version.isprintable() and 0 < size <= (body.total or 0)
        return Begun(body, size) if is_sane else None

    def begin(self, body: Body) -> BinaryIO:
        """Start over with a body: an empty file to write it to.

        The note is there before the first byte. It needs no care of its own: half of one is no JSON, and then
        there is nothing to go on with.

        Raises:
            OSError: It cannot be written.
        """
        self.discard()
        if body.version and body.total is not None:
            self.note.write_text(json.dumps(asdict(body)), encoding="utf-8")
        return self.path.open("wb")

    def go_on(self) -> BinaryIO:
        """The file, to add to.

        Raises:
            OSError: It cannot be written.
        """
        return self.path.open("ab")

    def discard(self) -> None:
        """Remove it; bytes go before the note that explains them.

        Raises:
            OSError: It cannot be removed.
        """
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove parts of items that are no longer wanted, where the disk allows it."""
    for pattern in (".*.part", ".*.part.json"):
        for path in folder.glob(pattern):
            with suppress(OSError):
                path.unlink()


def _version(headers: Mapping[str, str]) -> str:
    etag = headers.get("etag", "").strip()
    if re.fullmatch(r'"[\x21\x23-\x7e]*"', etag):
        return etag
    changed = headers.get("last-modified", "").strip()
    try:
        age = parsedate_to_datetime(headers.get("date", "")) - parsedate_to_datetime(changed)
    except (TypeError, ValueError):  # TypeError: only one of the two has a time zone
        return ""
    # Within a second of the change, a second change would bear the same date.
    return changed if changed.isascii() and age.total_seconds() >= 1 else ""

"""Waveforms and thumbnails kept between runs: a film's sound is decoded once for all its pictures.

Each lies in a file of its own, named after what it is of (a file, as it is now) and how it is drawn, behind
a checksum of its own: what was damaged or is another's is drawn anew.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from avm_otio.errors import AvmError
from avm_otio.files import make_folder, whole

_VERSION = 1
"""Raised whenever the same would be drawn otherwise."""

_MOST_BYTES = 256 * 1024**2
"""Kept in all: pictures of about thirty feature films. The oldest go first."""

_LARGEST = 64 * 1024**2
_CHECKSUM = 32


class KeptDrawings:
    """What was drawn before.

    Args:
        folder: Where it lies; ``None`` keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._has_more = False

    def get(self, path: Path, what: object) -> bytes | None:
        """What was drawn of a file as it is now, if it was.

        Args:
            path: The file.
            what: What of it and how, in anything whose ``repr`` is the same next time.
        """
        kept = self._place(path, what)
        if kept is None:
            return None
        with suppress(OSError):
            if kept.stat().st_size > _LARGEST:
                return None
            found = kept.read_bytes()
            if hashlib.sha256(found[_CHECKSUM:]).digest() == found[:_CHECKSUM]:
                return found[_CHECKSUM:]
        return None

    def put(self, path: Path, what: object, drawn: bytes) -> None:
        """Keep what was drawn; that it cannot be is no harm."""
        kept = self._place(path, what)
        if kept is None:
            return
        with suppress(OSError, AvmError):
            make_folder(kept.parent)
            with whole(kept, 0o600, lasting=False) as temporary:
                temporary.write_bytes(hashlib.sha256(drawn).digest() + drawn)
            self._has_more = True

    def cleanup(self) -> None:
        """Let the oldest go where there is too much."""
        if not self._has_more or self._folder is None:
            return
        with suppress(OSError):
            stats = [(path, path.stat()) for path in self._folder.glob("*.drawn")]
            room = _MOST_BYTES - sum(stat.st_size for _, stat in stats)
            for path, stat in sorted(stats, key=lambda each: each[1].st_mtime_ns):
                if room >= 0:
                    return
                path.unlink()
                room += stat.st_size

    def _place(self, path: Path, what: object) -> Path | None:
        if self._folder is None:
            return None
        try:
            is_now = path.stat()
        except OSError:
            return None
        identity = (str(path.absolute()), is_now.st_size, is_now.st_mtime_ns, is_now.st_ino)
        key = hashlib.sha256(repr((_VERSION, identity, what)).encode("utf-8", "replace")).hexdigest()
        return self._folder / f"{key[:40]}.drawn"

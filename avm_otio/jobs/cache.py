"""What the runs of one jobs folder have found out and need not find out again: ``known.json``.

Digests of media that have not changed since, and the orders that were carried out. It may be deleted at any
time: that costs time, never money.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from avm_otio.errors import OutputError
from avm_otio.files import write_text

_FILE = "known.json"
_MOST_ORDERS = 2_000
_MOST_DIGESTS = 2_000


def fingerprint(path: Path) -> list[int]:
    """What changes when a file does: size, both times, where it lies; empty where there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return []
    if not stat.S_ISREG(found.st_mode):  # a folder does not tell when a file in it changes
        return []
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def stamps(paths: Iterable[Path]) -> dict[str, list[int]]:
    """The fingerprints of some files, by path."""
    return {str(path.absolute()): fingerprint(path) for path in paths}


class Known:
    """The memory of a jobs folder; read at once, written by ``save``.

    Args:
        folder: The jobs folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._digests, self._orders = self._read()
        self._learnt: tuple[dict[str, Any], dict[str, Any]] = {}, {}

    def _read(self) -> tuple[dict[str, Any], dict[str, Any]]:
        found: Any = None
        with suppress(OSError, ValueError, RecursionError):
            found = json.loads(self._path.read_bytes())
        said = found if isinstance(found, dict) and found.get("version") == 1 else {}
        return _table(said.get("digests")), _table(said.get("orders"))

    def digest(self, path: Path, use: str) -> str | None:
        """The digest of what is used of a file, if it is known and the file is as it was."""
        said = _table(self._digests.get(f"{path}\n{use}"))
        found = said.get("digest")
        now = fingerprint(path)
        return found if isinstance(found, str) and now and said.get("stamp") == now else None

    def learn_digest(self, path: Path, use: str, digest: str, stamp: list[int]) -> None:
        """Remember a digest.

        Args:
            path: The file.
            use: What of it, in any words that are the same next time.
            digest: Its digest.
            stamp: Its ``fingerprint`` before it was read.
        """
        self._learnt[0][f"{path}\n{use}"] = {"digest": digest, "stamp": stamp}

    def job_of(self, order: str) -> str | None:
        """The job in which an order was carried out, if every file that it read is as it was.

        Args:
            order: Its digest.
        """
        said = _table(self._orders.get(order))
        read = _table(said.get("read"))
        job = said.get("job")
        unchanged = all(stamp and fingerprint(Path(path)) == stamp for path, stamp in read.items())
        return job if isinstance(job, str) and read and unchanged else None

    def learn_order(self, order: str, job: str, read: Mapping[str, list[int]]) -> None:
        """Remember that an order was carried out.

        Args:
            order: Its digest.
            job: The name of the job's folder.
            read: The ``stamps`` of the files that it read, from before.
        """
        self._learnt[1][order] = {"job": job, "read": dict(read)}

    def save(self) -> None:
        """Keep what was learnt, beside what others have kept meanwhile; that it cannot be is no harm."""
        if not any(self._learnt):
            return
        digests, orders = (
            {name: said for name, said in before.items() if name not in learnt} | learnt
            for before, learnt in zip(self._read(), self._learnt, strict=True)
        )
        document = {
            "version": 1,
            "digests": _newest(digests, _MOST_DIGESTS),
            "orders": _newest(orders, _MOST_ORDERS),
        }
        with suppress(OutputError):
            write_text(self._path, json.dumps(document, ensure_ascii=False), lasting=False)


def _table(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _newest(table: dict[str, Any], most: int) -> dict[str, Any]:
    return dict(list(table.items())[-most:])

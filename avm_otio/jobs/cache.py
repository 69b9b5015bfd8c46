"""What earlier runs found out and need not be found out again: requests that were carried out, media digests.

Each jobs folder has its own cache, ``cache.json``. It may be deleted at any time: that costs time, never
money. Whether a request was carried out before is asked here and nowhere else; the journal is read as plain
JSON for it, since loading its model takes longer than all the rest of such a run.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avm_otio import __version__
from avm_otio.errors import InputError, OutputError
from avm_otio.files import remove_orphans, side_folder, write_text
from avm_otio.jobs.folder import CHOICES, JOURNAL, SCORED, load_journal, relative_to_job, stamp
from avm_otio.request import Request
from avm_otio.services import ServiceKeys

if TYPE_CHECKING:
    from avm_otio.report import Report
    from avm_otio.timeline.model import Media
    from avm_otio.timeline.plan import ExportPlan

_FILE = "cache.json"
_VERSION = 2
_EARLIER = "known.json"
"""The file of version 1, which called ``requests`` ``orders``; read where there is none of this version."""

_MOST_REQUESTS = 2_000
_MOST_DIGESTS = 2_000


def carried_out(request: Request, keys: ServiceKeys, library: str) -> dict[str, Any] | None:
    """The summary of a request that was carried out before, if nothing that it read or wrote has changed.

    Neither the timeline nor its media are read again.

    Args:
        request: Complete; its paths are absolute.
        keys: The JSON keys of the services.
        library: Which sounds the local engine has to choose from.
    """
    if request.again:
        return None
    jobs_folder = request.jobs_dir or side_folder(request.timeline)
    digest = digest_of(request, keys, library)
    name = Cache(jobs_folder).job_of(digest)
    return None if name is None else _summary(jobs_folder / name, request.output, digest)


def finished(path: Path) -> dict[str, Any] | None:
    """The summary of the output that a job was to write last, if it is still as it was written.

    Args:
        path: The job's folder.
    """
    try:
        output = Path(os.path.normpath(path.absolute() / load_journal(path)["order"]["output"]))
    except (InputError, KeyError, TypeError):
        return None
    return _summary(path, output)


def digest_of(request: Request, keys: ServiceKeys, library: str) -> str:
    """What a request is recognised by: equal requests, equal digests.

    Args:
        request: Complete; its paths are absolute.
        keys: The JSON keys of the services.
        library: Which sounds the local engine has to choose from.
    """
    asked = {name: value for name, value in request.dump().items() if name not in ("again", "version")}
    text = json.dumps([asked, repr(keys), library, __version__], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _summary(path: Path, output: Path, digest: str | None = None) -> dict[str, Any] | None:
    """The summary of an output that a job wrote, if it is still as it was written.

    Args:
        path: The job's folder.
        output: The timeline.
        digest: The request that it must have been written for; any where not given.
    """
    try:
        written = load_journal(path)["outputs"][relative_to_job(path, output)]
        if digest not in (None, written["digest"]) or written.get("choices", "") != _chosen(path):
            return None
        summary: dict[str, Any] = written["summary"]
        is_whole = stamp(output) == (written["size_bytes"], written["modified_ns"])
        has_moved = Path(summary["job"]) != path.absolute()  # what it plays may lie elsewhere now
    except (InputError, KeyError, TypeError):  # the journal's model says what is wrong with it
        return None
    if not is_whole or has_moved:
        return None
    for whole in (output, path / JOURNAL, path / SCORED):  # a run that was killed later than this one ended
        remove_orphans(whole)
    return summary


def _chosen(path: Path) -> str:
    """The digest of what is chosen in a job; its model is loaded only where something is."""
    if not (path / CHOICES).exists():
        return ""
    from avm_otio.jobs.choices import digest

    return digest(path)


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


class Cache:
    """The cache of a jobs folder; read at once, written by ``save``.

    Args:
        folder: The jobs folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._digests, self._requests = self._read()
        self._learnt: tuple[dict[str, Any], dict[str, Any]] = {}, {}

    def _read(self) -> tuple[dict[str, Any], dict[str, Any]]:
        for name, version, requests in ((_FILE, _VERSION, "requests"), (_EARLIER, 1, "orders")):
            with suppress(OSError, ValueError, RecursionError):
                document = _table(json.loads((self._folder / name).read_bytes()))
                if document.get("version") == version:
                    return _table(document.get("digests")), _table(document.get(requests))
        return {}, {}

    def digest(self, path: Path, use: str) -> str | None:
        """The digest of what is used of a file, if it was learnt and the file is as it was."""
        entry = _table(self._digests.get(f"{path}\n{use}"))
        found = entry.get("digest")
        now = fingerprint(path)
        return found if isinstance(found, str) and now and entry.get("stamp") == now else None

    def learn_digest(self, path: Path, use: str, digest: str, stamp: list[int]) -> None:
        """Remember a digest.

        Args:
            path: The file.
            use: What of it, in any words that are the same next time.
            digest: Its digest.
            stamp: Its ``fingerprint`` before it was read.
        """
        self._learnt[0][f"{path}\n{use}"] = {"digest": digest, "stamp": stamp}

    def job_of(self, request: str) -> str | None:
        """The job in which a request was carried out, if every file that it read is as it was.

        Args:
            request: Its digest.
        """
        entry = _table(self._requests.get(request))
        read = _table(entry.get("read"))
        job = entry.get("job")
        unchanged = all(stamp and fingerprint(Path(path)) == stamp for path, stamp in read.items())
        return job if isinstance(job, str) and read and unchanged else None

    def learn_request(self, request: str, job: str, read: Mapping[str, list[int]]) -> None:
        """Remember that a request was carried out.

        Args:
            request: Its digest.
            job: The name of the job's folder.
            read: The ``stamps`` of the files that it read, from before.
        """
        self._learnt[1][request] = {"job": job, "read": dict(read)}

    def save(self) -> None:
        """Keep what was learnt, beside what others have kept meanwhile; that it cannot be is no harm."""
        if not any(self._learnt):
            return
        digests, requests = (
            {name: entry for name, entry in before.items() if name not in learnt} | learnt
            for before, learnt in zip(self._read(), self._learnt, strict=True)
        )
        document = {
            "version": _VERSION,
            "digests": _newest(digests, _MOST_DIGESTS),
            "requests": _newest(requests, _MOST_REQUESTS),
        }
        with suppress(OutputError, OSError):
            write_text(self._folder / _FILE, json.dumps(document, ensure_ascii=False), lasting=False)
            (self._folder / _EARLIER).unlink(missing_ok=True)


def _table(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _newest(table: dict[str, Any], most: int) -> dict[str, Any]:
    return dict(list(table.items())[-most:])


def media_digests(
    plan: ExportPlan, media: Mapping[Media, Path], cache: Cache, report: Report
) -> dict[Media, str]:
    """The content of every piece of media of a film, looked at only where it may have changed."""
    from avm_otio.media.fingerprint import content_digest, uses

    found: dict[Media, str] = {}
    unknown: list[tuple[Media, Any, str, Path]] = []
    for source, use in uses(plan).items():
        path, name = media[source], f"{use} {source.counted_from} {source.counted_rate} {source.sequence}"
        before = cache.digest(path, name)
        if before is None:
            unknown.append((source, use, name, path))
        else:
            found[source] = before
    if unknown:
        with report.step("Looking at the media", len(unknown)) as advance:
            for number, (source, use, name, path) in enumerate(unknown, 1):
                was = fingerprint(path)
                found[source] = content_digest(source, use, path, plan)
                if source.sequence is None:
                    cache.learn_digest(path, name, found[source], was)
                advance(number, len(unknown))
    return found

"""A watch folder as one watcher sees it: waiting requests, their claims, and the watchers' heartbeats.

That a request is carried out exactly once rests on two operations that a file system lets only one process
do: creating ``claim.json``, and renaming it away. Whether a watcher is gone is judged by one's own clock
alone, since no two machines agree on the time.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import stat
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from avm_otio import __version__
from avm_otio.errors import InputError, OutputError
from avm_otio.files import make_folder, unwritable
from avm_otio.jobs.folder import now
from avm_otio.jobs.watch.exports import SUFFIX, ends_well, is_of_export, make_request, move_in
from avm_otio.jobs.watch.protocol import (
    CLAIM,
    ERROR,
    JOBS,
    REQUEST,
    RESULT,
    WATCHER,
    WATCHERS,
    Claim,
    Watcher,
)

LEASE_S = 10.0
"""How long a heartbeat may stay unchanged before its watcher counts as gone, in seconds."""

LARGEST_REQUEST_BYTES = 1024 * 1024

_UNFINISHED_S = 2.0
"""How long a request that is not JSON yet may stay unchanged before it is refused, in seconds."""

RETRY_S = 30.0
"""When a request is tried again whose folder could not be written, as on a full disk; in seconds."""


@dataclass(slots=True)
class _Seen:
    """What another process wrote, and since when it has not changed, by our own clock."""

    content: object
    since: float


@dataclass(slots=True)
class WatchFolder:
    """One watch folder, as one watcher sees it.

    Attributes:
        folder: The folder.
        id: The watcher.
        lease_s: How long a heartbeat may stay unchanged before its watcher counts as gone, in seconds.
        currency: What the prices of requests are in that name no currency.
        has_unfinished: Whether the last look found something that is not ready yet or claimed.
    """

    folder: Path
    id: str
    lease_s: float
    currency: str = ""
    has_unfinished: bool = False
    _beats: int = 0
    _started: str = field(default_factory=now)
    _ended: set[tuple[str, int, int]] = field(default_factory=set)
    _postponed: dict[Path, float] = field(default_factory=dict)
    _heartbeats: dict[str, _Seen] = field(default_factory=dict)
    _drafts: dict[Path, _Seen] = field(default_factory=dict)

    def beat(self, working_on: Sequence[str]) -> None:
        """Write our heartbeat.

        Args:
            working_on: Names of the request folders under way.

        Raises:
            OutputError: It cannot be written.
        """
        self._beats += 1
        watcher = Watcher(
            id=self.id,
            program=__version__,
            host=socket.gethostname(),
            pid=os.getpid(),
            beat=self._beats,
            started=self._started,
            working_on=tuple(working_on),
            currency=self.currency,
        )
        watcher.write(make_folder(self.folder / WATCHERS) / f"{self.id}.json")
        watcher.write(self.folder / WATCHER, in_lua=True)

    def leave(self) -> None:
        """Remove our heartbeat; another watcher writes ``watcher.json`` again."""
        with suppress(OSError):
            (self.folder / WATCHERS / f"{self.id}.json").unlink(missing_ok=True)
        with suppress(OSError, ValueError, KeyError):
            if json.loads((self.folder / WATCHER).read_bytes())["id"] == self.id:
                (self.folder / WATCHER).unlink(missing_ok=True)
                (self.folder / WATCHER).with_suffix(".lua").unlink(missing_ok=True)

    def postpone(self, folder: Path) -> None:
        """Leave a request alone for a while."""
        self._postponed[folder] = time.monotonic() + RETRY_S

    def waiting(self, under_way: Collection[Path]) -> Iterator[Path]:
        """Complete requests that no watcher works on, oldest first.

        Args:
            under_way: The requests that this watcher works on.
        """
        found: list[tuple[float, Path]] = []
        ended: set[tuple[str, int, int]] = set()
        self.has_unfinished = False
        self._postponed = {folder: at for folder, at in self._postponed.items() if at > time.monotonic()}
        with suppress(OSError), os.scandir(self.folder) as entries:  # a share that is offline for a while
            for entry in entries:
                if entry.name.startswith(".") or entry.name in (JOBS, WATCHERS):
                    continue
                with suppress(OSError, OutputError):
                    if entry.name.endswith(f"{SUFFIX}.otio") and entry.is_file(follow_symlinks=False):
                        self._move_in(entry)
                    if not entry.is_dir(follow_symlinks=False):
                        continue
                    stamp = entry.stat(follow_symlinks=False)
                    # Another folder of that name may get the same inode.
                    mark = (entry.name, stamp.st_ino, stamp.st_mtime_ns)
                    if mark in self._ended:
                        ended.add(mark)
                        continue
                    folder = Path(entry.path)
                    if (folder / RESULT).exists() or (folder / ERROR).exists():
                        ended.add(mark)
                    elif folder not in self._postponed and folder not in under_way:
                        if is_of_export(folder):
                            make_request(folder)
                        found.append(((folder / REQUEST).lstat().st_mtime, folder))
            self._ended = ended
        for _, folder in sorted(found):
            if self._is_whole(folder / REQUEST) and self._is_free(folder):
                yield folder

    def claim(self, folder: Path) -> bool:
        """Claim a request, which only one watcher can.

        Returns:
            Whether it is ours now.

        Raises:
            OutputError: Its folder cannot be written.
        """
        claim = Claim(watcher=self.id, host=socket.gethostname(), pid=os.getpid())
        try:
            with (folder / CLAIM).open("x", encoding="utf-8") as file:
                file.write(claim.model_dump_json())
        except (FileExistsError, FileNotFoundError):  # another was faster, or the folder is gone
            return False
        except OSError as error:
            raise unwritable(folder / CLAIM, error) from error
        if (folder / RESULT).exists() or (folder / ERROR).exists():  # another has finished it meanwhile
            self.release(folder)
            return False
        return True

    def holds(self, folder: Path) -> bool:
        """Whether a request is still ours: another may have taken it over while this machine slept."""
        return _owner(folder / CLAIM) == self.id

    def release(self, folder: Path) -> None:
        """Give up our claim."""
        with suppress(OSError):
            if self.holds(folder):
                (folder / CLAIM).unlink(missing_ok=True)

    def _move_in(self, entry: os.DirEntry[str]) -> None:
        """Make a request from an export once it is complete and has not changed between two looks."""
        export = Path(entry.path)
        stamp = (entry.stat(follow_symlinks=False).st_size, entry.stat(follow_symlinks=False).st_mtime_ns)
        seen = self._drafts.get(export)
        self.has_unfinished = True
        if seen is None or seen.content != stamp or not ends_well(entry):
            self._drafts[export] = _Seen(stamp, time.monotonic())
        else:
            move_in(export)
            self._drafts.pop(export)

    def _is_whole(self, request: Path) -> bool:
        """Whether a request is complete, or no longer being written."""
        text: bytes | None = None
        try:
            json.loads(text := read_request(request))
        except InputError:
            return True  # it is refused with this message when it is worked on
        except (OSError, ValueError, RecursionError):
            seen = self._drafts.get(request)
            if seen is None or seen.content != text:
                seen = self._drafts[request] = _Seen(text, time.monotonic())
            is_abandoned = time.monotonic() - seen.since >= _UNFINISHED_S
            self.has_unfinished = self.has_unfinished or not is_abandoned
            return is_abandoned
        self._drafts.pop(request, None)
        return True

    def _is_free(self, folder: Path) -> bool:
        """Whether a request is not claimed, or its watcher is gone; then its claim is removed."""
        claim = folder / CLAIM
        try:
            made_ns = claim.stat().st_mtime_ns
        except FileNotFoundError:
            return True
        except OSError:
            return False
        self.has_unfinished = True
        owner = _owner(claim)
        name, beat = (f"{claim}", made_ns) if owner is None else (owner, self._heartbeat(owner))
        seen = self._heartbeats.get(name)
        if seen is None or seen.content != beat:
            seen = self._heartbeats[name] = _Seen(beat, time.monotonic())
        # A claim of ours that is not under way was put back, or could not be removed.
        if owner != self.id and time.monotonic() - seen.since < self.lease_s:
            return False
        with suppress(OSError):  # another watcher was faster
            aside = claim.with_name(f".{secrets.token_hex(4)}.json")
            claim.rename(aside)
            if _owner(aside) == owner:
                aside.unlink()
                return True
            aside.rename(claim)  # meanwhile another had taken it over already
        return False

    def _heartbeat(self, watcher: str) -> bytes | None:
        """The content of a watcher's heartbeat; ``None`` if there is none."""
        with suppress(OSError):
            return (self.folder / WATCHERS / f"{watcher}.json").read_bytes()
        return None


def read_request(request: Path) -> bytes:
    """The bytes of a request. Only a plain file is opened: a pipe has no end, and a link leads elsewhere.

    Raises:
        InputError: It is not a file, or too large.
        OSError: It cannot be read.
    """
    found = request.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_REQUEST_BYTES:
        raise InputError(f"{REQUEST} is not a file, or is larger than 1 MiB.", "Write one request into it.")
    return request.read_bytes()


def _owner(claim: Path) -> str | None:
    """The watcher that made a claim; ``None`` if that cannot be read (yet)."""
    try:
        document = json.loads(claim.read_bytes())
    except (OSError, ValueError):
        return None
    owner = document.get("watcher") if isinstance(document, dict) else None
    return owner if isinstance(owner, str) and owner.isalnum() else None

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
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from avm_otio import __version__
from avm_otio.errors import InputError, OutputError
from avm_otio.files import read_plain, unwritable
from avm_otio.folders import Folder, IrregularFileError, own_folder
from avm_otio.jobs.folder import now
from avm_otio.jobs.watch.exports import ends_well, is_export, is_of_export, make_request, move_in
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
    asks_for_page,
)

LEASE_S = 10.0
"""How long a heartbeat may stay unchanged before its watcher counts as gone, in seconds."""

LARGEST_REQUEST_BYTES = 1024 * 1024

_LARGEST_OF_OURS = 4 * 1024 * 1024
"""A heartbeat or a claim; what is larger is none."""

_LONGEST_ID = 64

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
            InputError: The folder for heartbeats is not this user's own.
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
        try:
            own_folder(self.folder, WATCHERS)
            with Folder.open(self.folder) as folder, folder.below(WATCHERS) as watchers:
                watcher.write(watchers, f"{self.id}.json")
                watcher.write(folder, WATCHER, in_lua=True)
        except OSError as error:
            raise unwritable(self.folder / WATCHER, error) from error

    def leave(self) -> None:
        """Remove our heartbeat; another watcher writes ``watcher.json`` again."""
        with suppress(OSError):
            (self.folder / WATCHERS / f"{self.id}.json").unlink(missing_ok=True)
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError, IrregularFileError):
            if json.loads(read_plain(self.folder / WATCHER, most_bytes=_LARGEST_OF_OURS))["id"] == self.id:
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
                with suppress(OSError, OutputError, IrregularFileError):
                    if is_export(entry.name) and entry.is_file(follow_symlinks=False):
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
                    with Folder.open(folder, follow=False) as opened:
                        if _is_ended(opened):
                            ended.add(mark)
                        elif folder not in self._postponed and folder not in under_way:
                            if is_of_export(folder):
                                make_request(opened)
                            found.append((opened.stat(REQUEST).st_mtime, folder))
            self._ended = ended
        for _, folder in sorted(found):
            is_waiting = False
            with suppress(OSError), Folder.open(folder, follow=False) as opened:
                is_waiting = self._is_whole(opened) and self._is_free(opened)
            if is_waiting:
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
            with Folder.open(folder, follow=False) as opened:
                with os.fdopen(opened.create(CLAIM), "w", encoding="utf-8") as file:
                    file.write(claim.model_dump_json())
                if not _is_ended(opened):
                    return True
        except (FileExistsError, FileNotFoundError):  # another was faster, or the folder is gone
            return False
        except OSError as error:
            raise unwritable(folder / CLAIM, error) from error
        self.release(folder)  # another has finished it meanwhile
        return False

    def asks_for_page(self, folder: Path) -> bool:
        """Whether a request is one for the audition page."""
        with (
            suppress(OSError, ValueError, RecursionError, InputError),
            Folder.open(folder, follow=False) as opened,
        ):
            return asks_for_page(json.loads(read_request(opened)))
        return False

    def holds(self, folder: Path) -> bool:
        """Whether a request is still ours: another may have taken it over while this machine slept."""
        with suppress(OSError), Folder.open(folder, follow=False) as opened:
            return _owner(opened, CLAIM) == self.id
        return False

    def release(self, folder: Path) -> None:
        """Give up our claim."""
        with suppress(OSError), Folder.open(folder, follow=False) as opened:
            if _owner(opened, CLAIM) == self.id:
                opened.remove(CLAIM)

    def _move_in(self, entry: os.DirEntry[str]) -> None:
        """Make a request from an export once it is complete and has not changed between two looks."""
        export = Path(entry.path)
        stamp = (entry.stat(follow_symlinks=False).st_size, entry.stat(follow_symlinks=False).st_mtime_ns)
        seen = self._drafts.get(export)
        if seen is None or seen.content != stamp:
            self._drafts[export] = _Seen(stamp, time.monotonic())
            self.has_unfinished = True
        elif ends_well(export):
            move_in(export)  # where somebody's link or folder is in its way, it stays
            self._drafts.pop(export)
            self.has_unfinished = True
        elif time.monotonic() - seen.since < RETRY_S:
            self.has_unfinished = True

    def _is_whole(self, folder: Folder) -> bool:
        """Whether a request is complete, or no longer being written."""
        text: bytes | None = None
        request = folder.path / REQUEST
        try:
            json.loads(text := read_request(folder))
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

    def _is_free(self, folder: Folder) -> bool:
        """Whether a request is not claimed, or its watcher is gone; then its claim is removed."""
        claim = folder.path / CLAIM
        try:
            made_ns = folder.stat(CLAIM).st_mtime_ns
        except FileNotFoundError:
            return True
        except OSError:
            return False
        self.has_unfinished = True
        owner = _owner(folder, CLAIM)
        name, beat = (f"{claim}", made_ns) if owner is None else (owner, self._heartbeat(owner))
        seen = self._heartbeats.get(name)
        if seen is None or seen.content != beat:
            seen = self._heartbeats[name] = _Seen(beat, time.monotonic())
        # A claim of ours that is not under way was put back, or could not be removed.
        if owner != self.id and time.monotonic() - seen.since < self.lease_s:
            return False
        with suppress(OSError):  # another watcher was faster
            aside = f".{secrets.token_hex(4)}.json"
            folder.rename(CLAIM, aside)
            if _owner(folder, aside) == owner:
                folder.remove(aside)
                return True
            folder.rename(aside, CLAIM)  # meanwhile another had taken it over already
        return False

    def _heartbeat(self, watcher: str) -> bytes | None:
        """The content of a watcher's heartbeat; ``None`` if there is none."""
        with suppress(OSError, IrregularFileError):
            return read_plain(self.folder / WATCHERS / f"{watcher}.json", most_bytes=_LARGEST_OF_OURS)
        return None


def _is_ended(folder: Folder) -> bool:
    return folder.has(RESULT) or folder.has(ERROR)


def read_request(folder: Folder) -> bytes:
    """The bytes of a request. Only a plain file is opened: a pipe has no end, and a link leads elsewhere.

    Raises:
        InputError: It is not a file, or too large.
        OSError: It cannot be read.
    """
    try:
        return folder.read(REQUEST, most_bytes=LARGEST_REQUEST_BYTES)
    except IrregularFileError as error:
        message = f"{REQUEST} is not a file, or is larger than 1 MiB."
        raise InputError(message, "Write one request into it.") from error


def _owner(folder: Folder, claim: str) -> str | None:
    """The watcher that made a claim; ``None`` if that cannot be read (yet)."""
    try:
        document = json.loads(folder.read(claim, most_bytes=_LARGEST_OF_OURS))
    except (OSError, ValueError, RecursionError, IrregularFileError):
        return None
    owner = document.get("watcher") if isinstance(document, dict) else None
    return owner if isinstance(owner, str) and owner.isalnum() and len(owner) <= _LONGEST_ID else None

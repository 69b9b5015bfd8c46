"""A watch folder as one watcher sees it: what waits there, who works on it, and that somebody watches.

Exactly once rests on two things that a file system lets only one do: making ``claim.json``, and renaming it
away. Whether a watcher is gone is judged by the looker's own clock alone, since no two machines agree on the
time.
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
"""How long a heartbeat may stay as it is before its watcher counts as gone."""

LARGEST_REQUEST_BYTES = 1024 * 1024

_UNFINISHED_S = 2.0
"""How long a request that is no JSON yet may stay as it is before it is refused."""

AGAIN_S = 30.0
"""After how long a request is tried again of which nothing could be written, as on a full disk."""


@dataclass(slots=True)
class _Seen:
    """What another process says, and since when it has not changed, by our own clock."""

    said: object
    since: float


@dataclass(slots=True)
class Place:
    """One watch folder, as one watcher sees it."""

    folder: Path
    id: str
    lease_s: float
    has_unfinished: bool = False
    _beats: int = 0
    _started: str = field(default_factory=now)
    _ended: set[tuple[str, int, int]] = field(default_factory=set)
    _later: dict[Path, float] = field(default_factory=dict)
    _hearts: dict[str, _Seen] = field(default_factory=dict)
    _drafts: dict[Path, _Seen] = field(default_factory=dict)

    def beat(self, working_on: Sequence[str]) -> None:
        """Say that we are here.

        Raises:
            OutputError: It cannot be said.
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
        )
        watcher.write(make_folder(self.folder / WATCHERS) / f"{self.id}.json")
        watcher.write(self.folder / WATCHER, in_lua=True)

    def leave(self) -> None:
        """Say that we are here no longer; another watcher says again that it is."""
        with suppress(OSError):
            (self.folder / WATCHERS / f"{self.id}.json").unlink(missing_ok=True)
        with suppress(OSError, ValueError, KeyError):
            if json.loads((self.folder / WATCHER).read_bytes())["id"] == self.id:
                (self.folder / WATCHER).unlink(missing_ok=True)
                (self.folder / WATCHER).with_suffix(".lua").unlink(missing_ok=True)

    def put_off(self, folder: Path) -> None:
        """Leave a request alone for a while."""
        self._later[folder] = time.monotonic() + AGAIN_S

    def waiting(self, under_way: Collection[Path]) -> Iterator[Path]:
        """Requests that nobody works on, oldest first.

        Args:
            under_way: What this watcher works on.
        """
        found: list[tuple[float, Path]] = []
        ended: set[tuple[str, int, int]] = set()
        self.has_unfinished = False
        self._later = {folder: at for folder, at in self._later.items() if at > time.monotonic()}
        with suppress(OSError), os.scandir(self.folder) as entries:  # a share that is away for a while
            for entry in entries:
                if entry.name.startswith(".") or entry.name in (JOBS, WATCHERS):
                    continue
                with suppress(OSError, OutputError):
                    if entry.name.endswith(f"{SUFFIX}.otio") and entry.is_file(follow_symlinks=False):
                        self._take_in(entry)
                    if not entry.is_dir(follow_symlinks=False):
                        continue
                    stamp = entry.stat(follow_symlinks=False)
                    # Another folder of that name may come to lie at the same inode.
                    mark = (entry.name, stamp.st_ino, stamp.st_mtime_ns)
                    if mark in self._ended:
                        ended.add(mark)
                        continue
                    folder = Path(entry.path)
                    if (folder / RESULT).exists() or (folder / ERROR).exists():
                        ended.add(mark)
                    elif folder not in self._later and folder not in under_way:
                        if is_of_export(folder):
                            make_request(folder)
                        found.append(((folder / REQUEST).lstat().st_mtime, folder))
            self._ended = ended
        for _, folder in sorted(found):
            if self._is_whole(folder / REQUEST) and self._is_free(folder):
                yield folder

    def claim(self, folder: Path) -> bool:
        """Take a request, which only one watcher can.

        Raises:
            OutputError: Nothing can be written there.
        """
        claim = Claim(watcher=self.id, host=socket.gethostname(), pid=os.getpid())
        try:
            with (folder / CLAIM).open("x", encoding="utf-8") as file:
                file.write(claim.model_dump_json())
        except (FileExistsError, FileNotFoundError):  # another was faster, or the folder has gone
            return False
        except OSError as error:
            raise unwritable(folder / CLAIM, error) from error
        if (folder / RESULT).exists() or (folder / ERROR).exists():  # another has ended it meanwhile
            self.release(folder)
            return False
        return True

    def holds(self, folder: Path) -> bool:
        """Whether a request is still ours: not while this machine slept and another took it over."""
        return _owner(folder / CLAIM) == self.id

    def release(self, folder: Path) -> None:
        """Leave a request to others, or be done with it."""
        with suppress(OSError):
            if self.holds(folder):
                (folder / CLAIM).unlink(missing_ok=True)

    def _take_in(self, entry: os.DirEntry[str]) -> None:
        """Make a request of an export, when it has not changed between two looks."""
        export = Path(entry.path)
        stamp = (entry.stat(follow_symlinks=False).st_size, entry.stat(follow_symlinks=False).st_mtime_ns)
        seen = self._drafts.get(export)
        self.has_unfinished = True
        if seen is None or seen.said != stamp or not ends_well(entry):
            self._drafts[export] = _Seen(stamp, time.monotonic())
        else:
            move_in(export)
            self._drafts.pop(export)

    def _is_whole(self, request: Path) -> bool:
        """Whether a request is written to its end, or nobody seems to write it any more."""
        said: bytes | None = None
        try:
            json.loads(said := content(request))
        except InputError:
            return True  # refused in its own words when it is worked on
        except (OSError, ValueError, RecursionError):
            seen = self._drafts.get(request)
            if seen is None or seen.said != said:
                seen = self._drafts[request] = _Seen(said, time.monotonic())
            is_left = time.monotonic() - seen.since >= _UNFINISHED_S
            self.has_unfinished = self.has_unfinished or not is_left
            return is_left
        self._drafts.pop(request, None)
        return True

    def _is_free(self, folder: Path) -> bool:
        """Whether nobody has claimed a request, or whoever did is gone; then the claim is, too."""
        claim = folder / CLAIM
        try:
            made_ns = claim.stat().st_mtime_ns
        except FileNotFoundError:
            return True
        except OSError:
            return False
        self.has_unfinished = True
        owner = _owner(claim)
        heart, said = (f"{claim}", made_ns) if owner is None else (owner, self._heart(owner))
        seen = self._hearts.get(heart)
        if seen is None or seen.said != said:
            seen = self._hearts[heart] = _Seen(said, time.monotonic())
        # Ours, and not under way: one that was put back, or could not be removed.
        if owner != self.id and time.monotonic() - seen.since < self.lease_s:
            return False
        with suppress(OSError):  # another looker was faster
            aside = claim.with_name(f".{secrets.token_hex(4)}.json")
            claim.rename(aside)
            if _owner(aside) == owner:
                aside.unlink()
                return True
            aside.rename(claim)  # between two looks another had taken it over already
        return False

    def _heart(self, watcher: str) -> bytes | None:
        """What a watcher's heartbeat says; ``None`` where there is none."""
        with suppress(OSError):
            return (self.folder / WATCHERS / f"{watcher}.json").read_bytes()
        return None


def content(request: Path) -> bytes:
    """What is in the file: nothing else is opened, since a pipe has no end, and a link leads elsewhere.

    Raises:
        InputError: It is no file, or too large.
        OSError: It cannot be read.
    """
    found = request.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_REQUEST_BYTES:
        raise InputError(f"{REQUEST} is no file, or longer than 1 MiB.", "Write one order into it.")
    return request.read_bytes()


def _owner(claim: Path) -> str | None:
    """Whose a claim is; ``None`` where it does not say (yet)."""
    try:
        said = json.loads(claim.read_bytes())
    except (OSError, ValueError):
        return None
    owner = said.get("watcher") if isinstance(said, dict) else None
    return owner if isinstance(owner, str) and owner.isalnum() else None

"""Whose request it is, what it may name, and where it is worked on: ``docs/security.md``.

A request in a folder that the watcher's own user alone can change is carried out where it lies, and may name
media anywhere. Every other request is a stranger's: it is carried out on private copies (``strangers``).
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from avm_otio.addresses import LOCAL, is_public, is_web_address
from avm_otio.errors import InputError
from avm_otio.files import unwritable
from avm_otio.folders import Folder, close_to_others, is_ours, keeps_names, own_folder
from avm_otio.jobs.folder import JOURNAL
from avm_otio.jobs.watch.protocol import JOBS, REQUEST
from avm_otio.request import Request
from avm_otio.strangers import Guest, taken_in

_PRIVATE = ".requests"
"""In the folder for jobs: where strangers' requests are worked on."""

_trusted: set[tuple[int, int]] = set()
"""Folders for jobs that were looked through: nobody else has put anything there since."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What requests may ask for.

    Attributes:
        services: The services that may be named: a request must not send the token anywhere else.
        allow_outside: Whether timelines and outputs may be outside the request's own folder, and strangers
            are trusted like the watcher's own user.
        currency: What the prices and the budget of a request are in that names none; empty where unknown.
        media_roots: Folders below which the media of strangers may lie.
        notify_url: Where the watcher's own settings have notifications sent, which any request may name.
        longest_s: How long a request may take, in seconds.
    """

    services: Collection[str]
    allow_outside: bool = False
    currency: str = ""
    media_roots: tuple[Path, ...] = ()
    notify_url: str | None = None
    longest_s: float = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, as it is carried out.

    Attributes:
        request: What to carry out, its paths where the work is done.
        guest: The private copies of a stranger's request; ``None`` for everybody else's.
    """

    request: Request
    guest: Guest | None = field(default=None)

    def words(self, value: Any) -> Any:
        """The same with every path as the host knows it."""
        if self.guest is None:
            return value
        if isinstance(value, str):
            return value.replace(str(self.guest.private), str(self.guest.folder))
        if isinstance(value, dict):
            return {name: self.words(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(self.words, value))
        return value

    def publish(self) -> None:
        """Move what was made to where the host looks for it.

        Raises:
            AvmError: It cannot be moved there.
        """
        if self.guest is not None:
            self.guest.publish(self.request.output)


@contextmanager
def visit(opened: Folder, request: Request, rules: Rules) -> Iterator[Visit]:
    """A request's way through: checked against the rules, and on private copies where it is a stranger's.

    Args:
        opened: The request's folder.
        request: The request, its paths absolute.
        rules: What it may ask for.

    Raises:
        InputError: It asks for more than the rules allow, or the watcher's own folders are not its own.
        OutputError: A folder cannot be made.
    """
    folder = opened.path
    _refuse_outside(folder, request, rules)
    if request.jobs_dir is None:
        trust_jobs(folder.parent)
        request = replace(request, jobs_dir=folder.parent / JOBS)
    if rules.allow_outside or not _is_strangers(opened, request):
        yield Visit(request)
        return
    _refuse_to_strangers(folder, request, rules)
    with _private_folder(folder.parent) as private:
        roots = (*rules.media_roots, *request.media_roots)
        guest = Guest(folder, opened, private, roots, folder.parent / JOBS)
        with taken_in(guest):
            inside = guest.inside(request.output)
            assert inside is not None  # or it would have been refused
            timeline = guest.timeline(request.timeline)
            yield Visit(replace(request, timeline=timeline, output=private / inside), guest)


def _refuse_outside(folder: Path, request: Request, rules: Rules) -> None:
    if request.service is not None and request.service not in rules.services:
        raise InputError(
            f"{REQUEST}: the service {request.service} is not the one configured here.",
            "Leave out “service”, or configure that service where avm-otio watch runs.",
        )
    for name in ("timeline", "output"):
        is_inside = _is_inside(folder, getattr(request, name), name)
        if not (is_inside or rules.allow_outside):
            raise InputError(
                f"{REQUEST}: “{name}” is outside the request's own folder: {getattr(request, name)}.",
                "Move it there, or run avm-otio watch with --allow-outside.",
            )
    if request.jobs_dir is not None and not rules.allow_outside:
        raise InputError(f"{REQUEST}: “jobs_dir” is for the watcher to choose.", "Leave it out.")


def _is_inside(folder: Path, path: Path, name: str) -> bool:
    """Whether a path leads into a folder, links followed.

    Raises:
        InputError: It is not a path.
    """
    try:
        return path.resolve().is_relative_to(folder.resolve()) and path.is_relative_to(folder)
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{REQUEST}: “{name}” is not a path: {error}.", "Correct it.") from error


def _is_strangers(opened: Folder, request: Request) -> bool:
    """Whether anybody but the watcher's own user could have left a request, or can change it meanwhile."""
    try:
        if not keeps_names(opened.path.parent.stat()) or not opened.is_ours_alone:
            return True
        found = [opened.stat(REQUEST)]
        inside = request.timeline.relative_to(opened.path)
        with suppress(FileNotFoundError), opened.below(*inside.parts[:-1]) as folder:
            found.append(folder.stat(inside.name))
    except (OSError, ValueError):
        return True
    return not all(map(is_ours, found))


def _refuse_to_strangers(folder: Path, request: Request, rules: Rules) -> None:
    """What others may not ask for, though the watcher's own user may.

    Raises:
        InputError: It is asked for.
    """
    roots = [root.resolve() for root in rules.media_roots]
    for root in request.media_roots:
        is_inside = _is_inside(folder, root, "media_roots")
        if not is_inside and not any(root.resolve().is_relative_to(allowed) for allowed in roots):
            raise InputError(
                f"{REQUEST}: “media_roots” names {root}, outside the request's own folder.",
                "Move the media there, or start avm-otio watch with --media-root.",
            )
    for each in fields(request):
        row = each.metadata.get("row")
        is_checked = each.name in ("timeline", "output", "media_roots", "jobs_dir")
        if row is not None and row.kind.is_path and not is_checked:
            value = getattr(request, each.name)
            if value not in (None, (), row.not_given) and not isinstance(value, str):
                raise InputError(f"{REQUEST}: “{each.name}” is for the watcher to choose.", "Leave it out.")
    if request.ref_music and not is_web_address(request.ref_music):
        raise InputError(f"{REQUEST}: “ref_music” must be an address.", "Leave it out, or give a URL.")
    if request.notify_url is not None and request.notify_url != rules.notify_url:
        is_left_out = request.service is None
        is_local = request.service == LOCAL or (is_left_out and set(rules.services) == {LOCAL})
        _refuse_internal(request.notify_url, is_local=is_local)


def _refuse_internal(url: str, *, is_local: bool) -> None:
    """Refuse an address inside the watcher's network: a stranger must not have anything sent there."""
    hint = "Leave out “notify_url”: the watcher waits by itself."
    if is_local:
        raise InputError(f"{REQUEST}: “notify_url” is not for the engine on the watcher's machine.", hint)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        found = {str(place[0]) for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        is_outside = bool(host) and bool(found) and all(is_public(address.split("%")[0]) for address in found)
    except (OSError, ValueError):
        is_outside = False
    if not is_outside:
        raise InputError(f"{REQUEST}: “notify_url” is no address on the internet.", hint)


def trust_jobs(folder: Path) -> None:
    """Make sure that the jobs of a watch folder are the watcher's own, and nobody else's in part.

    A journal says which file is the film, and that file is sent: a planted one would name any.

    Raises:
        InputError: Something there is somebody else's.
        OutputError: The folder cannot be made.
    """
    jobs = folder / JOBS
    try:
        identity = own_folder(folder, JOBS)
        if identity in _trusted:
            return
        with Folder.open(jobs, follow=False) as opened:
            for name in opened.names():
                found = opened.stat(name)
                if stat.S_ISDIR(found.st_mode):
                    with opened.below(name) as job:
                        close_to_others(job)
                        found = job.stat(JOURNAL) if job.has(JOURNAL) else found
                if not is_ours(found) or stat.S_ISLNK(found.st_mode):
                    raise InputError(
                        f"{jobs / name} is a link or another user's: it is no job of this watcher.",
                        "Move it away.",
                    )
    except OSError as error:
        raise unwritable(jobs, error) from error
    _trusted.add(identity)


@contextmanager
def _private_folder(folder: Path) -> Iterator[Path]:
    """A folder that nobody else can enter, gone afterwards; what killed watchers left goes, too."""
    above = folder / JOBS / _PRIVATE
    try:
        own_folder(folder / JOBS, _PRIVATE, 0o700)
        above.chmod(0o700)
        _forget_left(above)
        private = above / secrets.token_hex(8)
        private.mkdir(0o700)
        held = Folder.open(private)
    except OSError as error:
        raise unwritable(above, error) from error
    try:
        with held:
            _hold(held)
            yield private
    finally:
        shutil.rmtree(private, ignore_errors=True)


def _hold(folder: Folder) -> bool:
    """Hold a folder's lock; false where another process does."""
    if os.name != "posix":
        return True
    import fcntl

    try:
        fcntl.flock(folder.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a disk without locks: nothing is known of others
        return False
    return True


def _forget_left(above: Path) -> None:
    if os.name != "posix":
        return
    for left in above.iterdir():
        with suppress(OSError), Folder.open(left, follow=False) as opened:
            if _hold(opened):
                shutil.rmtree(left, ignore_errors=True)

"""Notifications that a service is done: mailboxes at secret addresses.

What a service posts names neither film nor session. So each job that waits has an address of its own, whose
last part only it and the service know. A mailbox is an empty file in a folder, the spool, named by the hash
of that secret; the receiver (``service.receiver``) makes it a byte longer with each post. The run that waits,
which is another process, looks at its length. What was posted is thrown away: the result is fetched from the
service.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Self

from avm_otio.files import make_folder, unwritable

JOB = "{job}"
"""What stands in ``--notify-url`` for the job's secret."""

_LOOK_PAUSE_S = 0.2
_SECRET_BYTES = 24
_FORGOTTEN_AFTER_S = 30 * 24 * 3600.0
_NAME = re.compile(r"[0-9a-f]{64}")


def wants_mailbox(given: str) -> bool:
    """Whether a ``--notify-url`` leads to a receiver of ours, so that the run should watch a mailbox."""
    return JOB in given


def notify_url(given: str, secret: str) -> str:
    """The address to give to the service."""
    return given.replace(JOB, secret)


class Mailbox:
    """Where one job's notifications arrive.

    Args:
        spool: The folder that the receiver serves, on the same machine or a shared disk.
        secret: The last part of the address.

    Attributes:
        secret: The last part of the address; whoever knows it can wake the job, and nothing else.

    Raises:
        OutputError: The spool cannot be written.
    """

    def __init__(self, spool: Path, secret: str) -> None:
        self.secret = secret
        self._path = make_folder(spool) / _name(secret)
        self._seen_bytes = 0
        try:
            self._path.touch()
        except OSError as error:
            raise unwritable(self._path, error) from error

    @classmethod
    def open(cls, spool: Path) -> Self:
        """A mailbox with a new secret."""
        return cls(spool, secrets.token_urlsafe(_SECRET_BYTES))

    @classmethod
    def reopen(cls, spool: Path, secret: str) -> Self:
        """The mailbox of a job that is resumed; what came in between counts as new."""
        return cls(spool, secret)

    def pause(self, seconds: float) -> bool:
        """Wait, but no longer than until a notification comes.

        Returns:
            Whether a notification came that no earlier pause has reported.
        """
        ends = time.monotonic() + seconds
        while True:
            length_bytes = self._length_bytes()
            if length_bytes > self._seen_bytes:
                self._seen_bytes = length_bytes
                return True
            left_s = ends - time.monotonic()
            if left_s <= 0:
                return False
            time.sleep(min(_LOOK_PAUSE_S, left_s))

    def close(self) -> None:
        """Take no more notifications."""
        with suppress(OSError):  # the receiver removes what stays
            self._path.unlink()

    def _length_bytes(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError:  # a cache that was emptied, a disk that is away: asking goes on without
            return 0


def mark(spool: Path, secret: str) -> bool:
    """Wake the job that waits at a mailbox.

    Returns:
        Whether there is such a mailbox.

    Raises:
        OSError: There is, and it cannot be written.
    """
    try:
        # Never made here: an address that nobody opened leads nowhere.
        handle = os.open(spool / _name(secret), os.O_WRONLY | os.O_APPEND)
    except FileNotFoundError:
        return False
    try:
        os.write(handle, b"!")
    finally:
        os.close(handle)
    return True


def forget_old(spool: Path) -> None:
    """Remove the mailboxes of jobs that ended without a word, 30 days after their last sign of life."""
    oldest = time.time() - _FORGOTTEN_AFTER_S
    for path in spool.iterdir():
        with suppress(OSError):
            if _NAME.fullmatch(path.name) and path.stat().st_mtime < oldest:
                path.unlink()


def _name(secret: str) -> str:
    """A mailbox's file: found by hash, so that the time of a look-up betrays no secret."""
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()

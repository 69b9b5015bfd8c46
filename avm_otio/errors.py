"""Every error of this program, with its exit code.

::

    AvmError                     1  the machine or a bug (also: disk full, no permission)
    ├── OutputError              1  a file could not be written
    ├── UsageError               2  no such command, option or value
    ├── OverLimitError           5  more than a limit allows: ``--max-cost``
    ├── InputError               3  the timeline, range, media or settings cannot be used
    │   ├── TimelineError          not a timeline, empty, unreadable
    │   ├── SelectionError         no such clip or range
    │   ├── TimeFormatError        not a time, a rate or a timecode
    │   ├── MissingMediaError      media that the timeline names cannot be found
    │   ├── MediaError             media that cannot be read
    │   ├── CueError               a cue or a result that cannot be laid
    │   └── ChangedByHandError     what was chosen would undo what somebody changed by hand
    └── ServiceError             6  the service or the network
        ├── NetworkError           no answer
        ├── ContractError          an answer that the API does not promise
        ├── DownloadError          an item could not be downloaded whole
        │   └── LinkExpiredError       its address has expired
        ├── UnsureIfPaidError    7  a paid call was sent and no answer came back
        └── RefusedError           the service refused the request
            ├── TokenRefusedError      4
            ├── AnalysesUsedUpError    5
            ├── NoVideoSourceError, YoutubeUrlInvalidError, YoutubeUrlUnavailableError
            ├── LicenseMissingError, UsagePlatformError, NoServiceChosenError
            ├── EffectStartError
            └── UnsupportedFilmError   a film that the service would refuse
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar


class AvmError(Exception):
    """The root: an error that the user sees as a message, not as a traceback.

    Args:
        what: What happened, and to which thing. One line.
        hint: What to do next. One line, may be empty.

    Attributes:
        may_pass: Whether it was tried again in vain, and may be gone another day; see ``retry.PassingFault``.
        trace: The traceback of what nobody foresaw, where it may be our fault; ``config.faults`` keeps it.
    """

    exit_code = 1

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.may_pass = False
        self.trace = ""

    def __str__(self) -> str:
        return f"{self.what} {self.hint}".rstrip()

    def as_dict(self) -> dict[str, object]:
        """The error as a ``--json`` event says it."""
        return {
            "kind": type(self).__name__,
            "message": self.what,
            "hint": self.hint,
            "exit_code": self.exit_code,
        }


class OutputError(AvmError):
    """A file could not be written; nothing was left behind."""


class UsageError(AvmError):
    """The command line is wrong: no such command, option or value."""

    exit_code = 2


class OverLimitError(AvmError):
    """What was asked for comes to more than a limit allows."""

    exit_code = 5


class InputError(AvmError):
    """The timeline, range, media or settings cannot be used."""

    exit_code = 3


class TimelineError(InputError):
    """Not a timeline, an empty one, or one that cannot be read."""


class SelectionError(InputError):
    """The clip, track or range is not in the timeline."""


class TimeFormatError(InputError):
    """Not a time, a rate or a timecode."""


class MissingMediaError(InputError):
    """Media that the timeline names cannot be found.

    Args:
        what: How many, and the first of them.
        hint: What to do next.
        missing: All of them, one line each.
    """

    def __init__(self, what: str, hint: str = "", missing: Sequence[str] = ()) -> None:
        super().__init__(what, hint)
        self.missing = tuple(missing)

    def as_dict(self) -> dict[str, object]:
        """The error as a ``--json`` event says it."""
        return {**super().as_dict(), "missing": list(self.missing)}


class MediaError(InputError):
    """Media that cannot be read."""


class ChangedByHandError(InputError):
    """An output was changed since it was written, and what was chosen cannot be laid beside that unasked."""


class CueError(InputError):
    """A cue, or a result file, that cannot be laid onto a timeline."""


class ServiceError(AvmError):
    """The service or the network."""

    exit_code = 6


class NetworkError(ServiceError):
    """No answer came."""


class ContractError(ServiceError):
    """An answer that is not what the API promises.

    Args:
        what: What came, and to which question.
        hint: What to do next.
        status: The HTTP status; 0 where there is none.
    """

    def __init__(self, what: str, hint: str = "", *, status: int = 0) -> None:
        super().__init__(what, hint)
        self.status = status


class DownloadError(ServiceError):
    """An item could not be downloaded whole."""


class LinkExpiredError(DownloadError):
    """An item's address has expired: refused, gone, or no server. The service may give a new one."""


class UnsureIfPaidError(ServiceError):
    """A call that costs an analysis was sent and no answer came back."""

    exit_code = 7


class RefusedError(ServiceError):
    """The service refused a request.

    Args:
        what: What was refused, in plain words.
        hint: What to do next.
        status: The HTTP status, 0 where nothing was sent.
        messages: The service's own messages, unchanged.
    """

    def __init__(self, what: str, hint: str = "", *, status: int = 0, messages: Sequence[str] = ()) -> None:
        super().__init__(what, hint)
        self.status = status
        self.messages = tuple(messages)

    def as_dict(self) -> dict[str, object]:
        """The error as a ``--json`` event says it, with the service's own messages."""
        return super().as_dict() | {"status": self.status, "service_messages": list(self.messages)}


class TokenRefusedError(RefusedError):
    """The token is missing, wrong, or may not do this."""

    exit_code = 4


class AnalysesUsedUpError(RefusedError):
    """«Insufficient analyze count»."""

    exit_code = 5


class NoVideoSourceError(RefusedError):
    """«One of the file or YouTube url must be provided»."""


class YoutubeUrlInvalidError(RefusedError):
    """«The Youtube url is invalid»."""


class YoutubeUrlUnavailableError(RefusedError):
    """«The Youtube url is unavailable»."""


class LicenseMissingError(RefusedError):
    """«The license data must be provide»."""


class UsagePlatformError(RefusedError):
    """«All usage_platform that choice must be related to the same usage data»."""


class NoServiceChosenError(RefusedError):
    """«At least one service to be chosen»."""


class EffectStartError(RefusedError):
    """«Sound effect start time unavailable»."""


class UnsupportedFilmError(RefusedError):
    """This kind of film cannot use this service: refused before uploading."""


def internal_error(error: Exception, hint: str) -> AvmError:
    """An exception that nobody foresaw, as an error for the user."""
    message = f"This is a fault of avm-otio, not yours: {type(error).__name__}: {error}"
    return traced(AvmError(message, hint), error)


_Error = TypeVar("_Error", bound=AvmError)


def traced(error: _Error, unforeseen: BaseException) -> _Error:
    """An error with the traceback of the exception that it stands for, which may be a fault of ours."""
    import traceback

    error.trace = "".join(traceback.format_exception(unforeseen))
    return error

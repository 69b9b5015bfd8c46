"""The journal of a job, ``job.json``: what was asked, what has happened, and the results.

Every step of a job is recorded here before the next one begins, so that a run that was killed at any moment
continues where it stopped. Its fields are described in ``docs/job-folder.md``.
``folder`` reads and writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from avm_otio.errors import InputError


class _Part(BaseModel):
    """Part of a journal. Unknown fields are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    def but(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        return self.model_copy(update=changes)


class State(StrEnum):
    """How far a job is."""

    PLANNED = "planned"
    """The film is not exported yet."""
    EXPORTED = "exported"
    """The film is on disk."""
    UPLOADED = "uploaded"
    """The service has the film; nothing is paid."""
    UNSURE = "unsure"
    """A paid call was sent, and it is unknown whether the service carried it out."""
    WAITING = "waiting"
    """The analysis is paid; the service is working."""
    ANSWERED = "answered"
    """The answer is on disk; items may be missing, and nothing is on the timeline yet."""
    FINISHED = "finished"
    """The timeline is written."""


class Film(_Part):
    """The film as it was exported and sent.

    Attributes:
        path: Relative to the job's folder; the user's own file if that was sent unchanged.
        size_bytes: Its size.
        modified_ns: Its modification time.
        frames: Number of frames.
        duration_s: Length of its picture, seconds as a fraction.
        has_sound: Whether it has a sound track.
        quality: How it was encoded, ``small`` where only the engine looks at it; ``None`` if it is the
            user's own file.
        sent_as: Its file name at the service; contains the job's key.
        sending: Whether an upload was begun that got no answer.
        id: The service's film id, once uploaded.
    """

    path: str
    size_bytes: int
    modified_ns: int
    frames: int
    duration_s: str
    has_sound: bool
    quality: str | None
    sent_as: str
    sending: bool = False
    id: int | None = None


class Call(_Part):
    """The one paid call.

    Attributes:
        begun: When its body was about to be sent.
        session_id: The service's answer; ``None`` while there is none, or if the results were adopted.
        adopted: Whether the results were found on the Film after the call's own answer was lost.
    """

    begun: str
    session_id: int | None = None
    adopted: bool = False


class Kept(_Part):
    """One downloaded item.

    Attributes:
        file: Its name in the job's media folder.
        size_bytes: Its size.
        modified_ns: When it was last written, as the file system says.
        sha256: Of its bytes, hexadecimal.
        samples: Its length, per channel.
        sample_rate_hz: Its sampling rate.
        channels: How many channels it has.
    """

    file: str
    size_bytes: int
    modified_ns: int
    sha256: str
    samples: int
    sample_rate_hz: int
    channels: int


class Written(_Part):
    """One output.

    Attributes:
        size_bytes: Its size.
        modified_ns: Its modification time.
        digest: Digest of the order that it was written for and of the configuration at that time.
        summary: The summary that the run ended with.
        choices: Digest of what was chosen when it was written; see ``choices.digest``.
        order: What that run was asked to do, as in the journal; empty where an older program wrote it.
    """

    size_bytes: int
    modified_ns: int
    digest: str
    summary: dict[str, Any]
    choices: str = ""
    order: dict[str, Any] = Field(default_factory=dict)

    @model_serializer(mode="wrap")
    def _plain(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As JSON; what an older program did not say is left out."""
        made: dict[str, Any] = dump(self)
        return {name: value for name, value in made.items() if value or name not in ("choices", "order")}


class Journal(_Part):
    """Everything that has happened to a job.

    Attributes:
        program: Version of the program that wrote it last.
        key: Identifies the job and its film; made from ``asked``.
        name: The selected clip or range, for people.
        made: When the job began, ISO 8601.
        changed: When this was written.
        asked: Everything that tells this job from others.
        order: What the latest run was asked to do; paths are relative to the job's folder.
        read: The files that the latest run read, with their size, times and inode; see ``cache.stamps``.
        film: The film, once exported.
        call: The paid call, once it is about to be sent.
        answered: When the answer was on disk.
        media: The downloaded items, by ``music 12``, ``effect 7``, ``dialogue 3``.
        unavailable: Why items that were wanted can never be had, by the same names: others are laid instead.
        outputs: The files written, by path relative to the job's folder.
        notify_secret: The value of ``{job}`` in ``--notify-url``.
        error: The error that ended the latest run; ``None`` if it ended well.
    """

    program: str = ""
    key: str
    name: str
    made: str
    changed: str = ""
    asked: dict[str, Any]
    order: dict[str, Any]
    read: Mapping[str, list[int]] = Field(default_factory=dict)
    film: Film | None = None
    call: Call | None = None
    answered: str | None = None
    media: Mapping[str, Kept] = Field(default_factory=dict)
    unavailable: Mapping[str, str] = Field(default_factory=dict)
    outputs: Mapping[str, Written] = Field(default_factory=dict)
    notify_secret: str | None = None
    error: dict[str, Any] | None = None

    @property
    def state(self) -> State:
        """How far it is."""
        if self.outputs:
            return State.FINISHED
        if self.answered is not None:
            return State.ANSWERED
        if self.call is not None:
            return State.UNSURE if self.call.session_id is None else State.WAITING
        if self.film is None:
            return State.PLANNED
        return State.EXPORTED if self.film.id is None else State.UPLOADED

    @classmethod
    def parse(cls, document: object, place: str) -> Self:
        """Check a journal.

        Args:
            document: As ``folder.load_journal`` gives it.
            place: Where it was read, for messages.

        Raises:
            InputError: It is not a journal.
        """
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise InputError(
                f"{place} is not the journal of a job: “{where}”: {first['msg']}.",
                "Restore it from a backup. With its folder moved away, what was paid for is paid for again.",
            ) from None

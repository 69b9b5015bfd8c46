"""The journal of a job, ``job.json``: what was asked, what has happened, and what came of it.

Every step of a job is a fact here, written before the next one begins, so that a run that was killed at any
moment is taken up where it stopped. Documented for readers in ``docs/job-folder.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from avm_otio.errors import InputError
from avm_otio.jobs.folder import VERSION


class _Part(BaseModel):
    """Part of a journal. Unknown fields survive."""

    model_config = ConfigDict(frozen=True, extra="allow")

    def but(self, **changes: Any) -> Self:
        """The same with other values."""
        return self.model_copy(update=changes)


class State(StrEnum):
    """How far a job is."""

    PLANNED = "planned"
    """The film is not made yet."""
    EXPORTED = "exported"
    """The film is on disk."""
    UPLOADED = "uploaded"
    """The service has the film; nothing is paid for."""
    UNSURE = "unsure"
    """A paid call was begun, and nothing says whether it came through."""
    WAITING = "waiting"
    """The analysis is paid for; the service works."""
    ANSWERED = "answered"
    """The answer is on disk; items may be missing, nothing is laid yet."""
    FINISHED = "finished"
    """The timeline is written."""


class Film(_Part):
    """The film as it was made and sent.

    Attributes:
        path: Relative to the job's folder; the user's own file where that was sent as it is.
        size_bytes: Its size.
        modified_ns: When it was last written.
        frames: How many.
        duration_s: Length of its picture, seconds as a fraction.
        has_sound: Whether it has a sound track.
        quality: How it was encoded; ``None`` where it is the user's own file.
        sent_as: The name that the service knows it by; carries the job's key.
        sending: Whether an upload was begun of which no answer came.
        id: What the service calls it, once it has it.
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
        begun: When its body was about to leave.
        session_id: What the service answered; ``None`` while nobody knows, or where the answer was adopted.
        adopted: Whether the answer was found on the Film, the call's own answer being lost.
    """

    begun: str
    session_id: int | None = None
    adopted: bool = False


class Written(_Part):
    """One output.

    Attributes:
        size_bytes: Its size.
        modified_ns: When it was last written.
        told: Digest of the order that it was written for, and of what was configured then.
        summary: What was told at its end.
    """

    size_bytes: int
    modified_ns: int
    told: str
    summary: dict[str, Any]


class Journal(_Part):
    """All that is known of a job.

    Attributes:
        format: What this file is.
        version: Of its form.
        program: The version of the program that wrote it last.
        key: Names the job and its film; made of what was asked.
        name: What was selected, for people.
        made: When the job began, ISO 8601.
        changed: When this was written.
        asked: All that makes this job another than that one.
        order: What the latest run was told; its paths are relative to the job's folder.
        read: The files that the latest run read, and what changes when they do; see ``known.stamps``.
        film: The film, once it is made.
        call: The paid call, once it is about to leave.
        answered: When the answer was on disk.
        media: What was downloaded, by ``music 12``, ``effect 7``, ``dialogue 3``.
        outputs: What was written, by path relative to the job's folder.
        notify_secret: What stands for ``{job}`` in ``--notify-url``.
        error: Why the latest run ended, where it did not end well.
    """

    format: Literal["avm-otio job"] = "avm-otio job"
    version: Annotated[int, Field(ge=1)] = VERSION
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
    media: Mapping[str, dict[str, Any]] = Field(default_factory=dict)
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
        """Read a journal as JSON.

        Args:
            document: As parsed.
            place: Where it stands, for messages.

        Raises:
            InputError: It is no journal, or one of a later program.
        """
        version = document.get("version") if isinstance(document, dict) else None
        if isinstance(version, int) and version > VERSION:
            raise InputError(f"{place} was written by a later avm-otio.", "Update this one.")
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise InputError(
                f"{place} is not a job's journal: “{where}”: {first['msg']}.", "Move its folder away."
            ) from None

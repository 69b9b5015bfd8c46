"""The files of a watch folder: the protocol of ``docs/watch-folder.md``.

Their JSON Schemas in ``docs/schemas`` are made from these models.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, create_model

from avm_otio import services
from avm_otio.files import write_in
from avm_otio.folders import Folder
from avm_otio.hosts.lua import lua_chunk
from avm_otio.timeline.model import Stem

VERSION = 2
"""Raised when an older host would misread a file.

1 called the ``message`` of a loss ``told``; it is still read.
"""

REQUEST = "request.json"
PROGRESS = "progress.json"
RESULT = "result.json"
ERROR = "error.json"
PAGE = "page.json"
CLAIM = "claim.json"
CANCEL = "cancel"
WATCHER = "watcher.json"
WATCHERS = "watchers"
"""The folder with a heartbeat of each watcher."""
JOBS = "jobs"
"""The folder for all jobs: the same question in another request is the same job."""


def encodable(text: str) -> str:
    """A text that can be written as UTF-8: the name of a file need not be valid text."""
    return text.encode("utf-8", "replace").decode("utf-8")


Text = Annotated[str, BeforeValidator(encodable)]
"""Text from outside: a service's words, or names of files."""


class File(BaseModel):
    """One of the files."""

    model_config = ConfigDict(frozen=True)

    version: Annotated[int, Field(description="Version of this protocol.")] = VERSION

    def write(
        self,
        folder: Folder,
        name: str,
        *,
        lasting: bool = False,
        in_lua: bool = False,
        private: bool = False,
    ) -> None:
        """Write it, whole or not at all.

        Args:
            folder: Where to, opened: whatever its name comes to mean, nothing is written elsewhere.
            name: The file's name.
            lasting: Whether it must survive a power failure.
            in_lua: First write it as a Lua chunk beside it, too, for hosts that cannot read JSON.
            private: Whether this user alone may read it.

        Raises:
            OutputError: It cannot be written.
        """
        mode = 0o600 if private else 0o666
        if in_lua:
            chunk = lua_chunk(self.model_dump(mode="json"))
            write_in(folder, Path(name).with_suffix(".lua").name, chunk, lasting=lasting, mode=mode)
        write_in(folder, name, self.model_dump_json(indent=1) + "\n", lasting=lasting, mode=mode)


class Watcher(File):
    """``watcher.json``: a watcher is running if ``beat`` or ``id`` changes within two seconds."""

    id: Annotated[str, Field(description="Identifies this run of the program.")]
    program: Annotated[str, Field(description="Version of the program.")]
    host: Annotated[str, Field(description="The machine's name.")]
    pid: Annotated[int, Field(description="Its process id.")]
    beat: Annotated[int, Field(description="Increases every second.")]
    started: Annotated[str, Field(description="When it began, ISO 8601.")]
    working_on: Annotated[tuple[Text, ...], Field(description="Names of the request folders in progress.")]
    currency: Annotated[
        str, Field(description="Of the prices and budget of a request that names none; may be empty.")
    ] = ""


class Claim(File):
    """``claim.json``: the watcher that works on a request. For watchers, not for hosts."""

    watcher: Annotated[str, Field(description="The id of the watcher.")]
    host: Annotated[str, Field(description="The machine's name.")]
    pid: Annotated[int, Field(description="Its process id.")]


class Progress(File):
    """``progress.json``: the progress of a request."""

    sequence: Annotated[int, Field(description="Increases each time it is written.")]
    state: Annotated[Literal["working"], Field(description="The end is in result.json or error.json.")]
    label: Annotated[Text, Field(description="The current step, for people.")]
    done: Annotated[int | None, Field(description="How much of it is done, in any unit.")]
    total: Annotated[int | None, Field(description="Of how much; null if unknown.")]
    elapsed_s: Annotated[float, Field(description="Seconds since the request was begun.")]
    messages: Annotated[tuple[Text, ...], Field(description="Warnings so far.")]


class Alternative(BaseModel):
    """Another item for the same cue."""

    model_config = ConfigDict(frozen=True)

    title: Text
    price: Annotated[Decimal | None, Field(description="In the result's currency.")]
    is_bought: bool


class GainKey(BaseModel):
    """One key frame of a clip's gain; between two the gain runs straight in decibels."""

    model_config = ConfigDict(frozen=True)

    at_us: Annotated[int, Field(description="Microseconds from the clip's head.")]
    gain_db: float


class CrossFade(BaseModel):
    """For how long both clips at a cut are heard; each fades straight in amplitude."""

    model_config = ConfigDict(frozen=True)

    before: Annotated[int, Field(description="Microseconds for which the second is heard before the cut.")]
    after: Annotated[int, Field(description="Microseconds for which the first is heard after the cut.")]


class LaidClip(BaseModel):
    """One clip, for people, and for hosts that place it themselves."""

    model_config = ConfigDict(frozen=True)

    kind: Stem
    timecode: Annotated[str, Field(description="Record timecode of its first frame.")]
    title: Text
    price: Annotated[Decimal | None, Field(description="In the result's currency.")]
    is_bought: bool
    alternatives: Annotated[int, Field(description="Number of other items for the same cue.")]
    others: Annotated[tuple[Alternative, ...], Field(description="Those items, best first.")]
    file: Annotated[str | None, Field(description="The sound file, absolute; null if it is on the web.")]
    track: Annotated[Text, Field(description="Name of its track.")]
    record_frame: Annotated[int, Field(description="Its first frame, in frames from the timeline's start.")]
    frames: Annotated[int, Field(description="Its length on the timeline, in frames.")]
    media_start_us: Annotated[int, Field(description="Where in its media it starts, in microseconds.")]
    speed: Annotated[str, Field(description="Media seconds per record second, as a fraction; mostly 1.")]
    gain_db: Annotated[float, Field(description="Its gain; 0 is unchanged. The lowest of keys.")]
    keys: Annotated[
        tuple[GainKey, ...], Field(description="Its gain over time; where there are any, they say the whole.")
    ] = ()
    fade_in_us: Annotated[int, Field(description="Length of the linear fade at its head, in microseconds.")]
    fade_out_us: Annotated[int, Field(description="Length of the linear fade at its tail, in microseconds.")]
    cross_fade_us: Annotated[
        CrossFade | None,
        Field(description="The crossfade at its head, from the clip before it on its track; null for a cut."),
    ] = None
    part: Annotated[int, Field(description="Which clip of its piece of music it is, from 0.")] = 0


class LostItem(BaseModel):
    """One thing of the timeline that could not be written to the output."""

    model_config = ConfigDict(frozen=True)

    feature: str
    item: Text
    message: Annotated[
        Text, Field(description="What became of it.", validation_alias=AliasChoices("message", "told"))
    ]


class Instead(BaseModel):
    """The item that lies in the place of one that cannot be had."""

    model_config = ConfigDict(frozen=True)

    id: int
    title: Text


class UnavailableItem(BaseModel):
    """An item that was to be laid for a cue, and that can never be had."""

    model_config = ConfigDict(frozen=True)

    kind: Annotated[Text, Field(description="music, effect or dialogue.")]
    id: Annotated[int, Field(description="The service's id.")]
    title: Text
    film_start_us: Annotated[
        int | None, Field(description="Where its cue starts, microseconds of the film; null for all of it.")
    ]
    reason: Annotated[Text, Field(description="Why it cannot be had, for people.")]
    instead: Annotated[Instead | None, Field(description="What lies there; null where the cue stays empty.")]


class MixVerdict(BaseModel):
    """What the whole mix is predicted to come to."""

    model_config = ConfigDict(frozen=True)

    target: Annotated[str, Field(description="What was asked.")]
    is_met: Annotated[bool, Field(description="Whether it is what was asked.")]
    integrated_lufs: Annotated[float | None, Field(description="Integrated loudness; null for silence.")]
    range_lu: Annotated[float, Field(description="Loudness range.")]
    is_range_rough: Annotated[bool, Field(description="Whether the mix is shorter than a minute.")] = False
    true_peak_dbtp: Annotated[float | None, Field(description="True peak; null for silence.")]
    is_peak_exact: Annotated[bool, Field(description="Whether it was measured; else it is at most that.")]
    speech_lufs: Annotated[float | None, Field(description="Loudness of speech; null where there is none.")]
    words: Annotated[tuple[Text, ...], Field(description="The same for people.")]


class Result(File):
    """``result.json``: the request was carried out. Written last; nothing is written after it."""

    output: Annotated[str, Field(description="The timeline, absolute.")]
    job: Annotated[str, Field(description="The job's folder, absolute, for avm-otio jobs show.")]
    film_id: int | None
    session_id: int | None
    alternatives: Annotated[int, Field(description="Number of other items, kept in the metadata.")]
    total_price: Annotated[Decimal, Field(description="Total of the chosen items, each counted once.")]
    currency: str
    media_folder: Annotated[str | None, Field(description="Where media were copied or converted to.")]
    recalled: Annotated[bool, Field(description="Whether an earlier run had done everything.")]
    rate: Annotated[str, Field(description="Frames per second of the record, as a fraction: 24000/1001.")]
    start_frame: Annotated[int, Field(description="The timeline's start timecode, as a number of frames.")]
    clips: Annotated[tuple[LaidClip, ...], Field(description="The clips that are heard.")]
    spare_clips: Annotated[
        tuple[LaidClip, ...],
        Field(description="Alternatives, disabled, on tracks of their own."),
    ] = ()
    losses: tuple[LostItem, ...]
    notes: tuple[Text, ...]
    coverage: Annotated[
        Text | None, Field(description="How much of the picture has music, for people; null without any.")
    ] = None
    mix: Annotated[MixVerdict | None, Field(description="Its loudness; null where levels came as is.")] = None
    preview: Annotated[str | None, Field(description="The preview, absolute; null for none.")] = None
    unavailable: Annotated[
        tuple[UnavailableItem, ...], Field(description="Items that were to be laid and cannot be had.")
    ] = ()


_COUNTS: dict[str, Any] = {
    service.items: Annotated[int, Field(description="Number of clips.")] for service in services.SERVICES
}
CountedResult: type[Result] = create_model("Result", __base__=Result, __doc__=Result.__doc__, **_COUNTS)
"""``result.json`` with the number of clips of each service."""


class AuditionRequest(BaseModel):
    """``request.json`` that asks for the audition page of what an earlier request scored."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Annotated[Literal[1], Field(description="Of this form.")] = 1
    audition: Annotated[str, Field(description="Name of the folder of the request that was scored.")]
    open: Annotated[
        bool, Field(description="Whether the watcher opens it in the browser of its machine.")
    ] = False


def asks_for_page(document: Any) -> bool:
    """Whether a request is one for the audition page."""
    return isinstance(document, dict) and "audition" in document


class Page(File):
    """``page.json``: the audition page is there. Only the watcher's own user can read it."""

    host: Annotated[str, Field(description="The machine's name: the page is to be opened there.")]
    address: Annotated[
        str | None, Field(description="Of use once, on that machine; null once a browser has the page.")
    ]


class Failure(File):
    """``error.json``: the request was not carried out, and why. Written last; nothing is written after it."""

    kind: Annotated[str, Field(description="The name of the error; see avm_otio.errors.")]
    message: Annotated[Text, Field(description="What happened, to which thing; one line.")]
    hint: Annotated[Text, Field(description="What to do next; one line, may be empty.")]
    exit_code: Annotated[int, Field(description="The exit code of the command line.")]


SCHEMAS: dict[str, type[BaseModel]] = {
    "watcher": Watcher,
    "claim": Claim,
    "progress": Progress,
    "result": CountedResult,
    "error": Failure,
    "audition": AuditionRequest,
    "page": Page,
}
"""The files, but for ``request.json``, whose schemas are in ``docs/schemas``."""


def result_of(summary: Any, losses: Any, is_recalled: bool) -> Result:
    """The result of a scoring as ``result.json``."""
    lost = [{"feature": str(loss.feature), "item": loss.item, "message": loss.message} for loss in losses]
    counts = {service.items: 0 for service in services.SERVICES}
    run = {"losses": lost, "recalled": is_recalled, "version": VERSION}
    return CountedResult.model_validate(counts | dict(summary) | run)

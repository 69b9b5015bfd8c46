"""What lies in a watch folder, as its files say it: the protocol of ``docs/watch-folder.md``.

Their JSON Schemas, ``docs/schemas``, are made from these models.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from avm_otio.files import write_text
from avm_otio.hosts.lua import lua_chunk
from avm_otio.jobs.order import Order

VERSION = 1
"""Grows when an older host would misread a file."""

REQUEST = "request.json"
PROGRESS = "progress.json"
RESULT = "result.json"
ERROR = "error.json"
CLAIM = "claim.json"
CANCEL = "cancel"
WATCHER = "watcher.json"
WATCHERS = "watchers"
"""The folder with a heartbeat of each watcher."""
JOBS = "jobs"
"""The folder of all jobs: the same question asked in another request is the same job."""


def shown(text: str) -> str:
    """A text that can be written: a file's name need be none."""
    return text.encode("utf-8", "replace").decode("utf-8")


Text = Annotated[str, BeforeValidator(shown)]
"""What may hold others' words, or names of files."""


class File(BaseModel):
    """One of the files."""

    model_config = ConfigDict(frozen=True)

    version: Annotated[int, Field(description="Of this protocol.")] = VERSION

    def write(self, path: Path, *, lasting: bool = False, in_lua: bool = False) -> None:
        """Write it, whole or not at all.

        Args:
            path: Where to.
            lasting: Whether it must outlive a machine that loses its power.
            in_lua: First beside it as a Lua chunk, for hosts that read no JSON.

        Raises:
            OutputError: It cannot be written.
        """
        if in_lua:
            write_text(path.with_suffix(".lua"), lua_chunk(self.model_dump(mode="json")), lasting=lasting)
        write_text(path, self.model_dump_json(indent=1) + "\n", lasting=lasting)


class Watcher(File):
    """``watcher.json``: somebody watches, as long as ``beat`` or ``id`` changes within two seconds."""

    id: Annotated[str, Field(description="Of this run of the program.")]
    program: Annotated[str, Field(description="Version of the program.")]
    host: Annotated[str, Field(description="The machine's name.")]
    pid: Annotated[int, Field(description="The process there.")]
    beat: Annotated[int, Field(description="Grows every second.")]
    started: Annotated[str, Field(description="When it began, ISO 8601.")]
    working_on: Annotated[tuple[Text, ...], Field(description="Names of the request folders under way.")]


class Claim(File):
    """``claim.json``: who works on a request. For watchers, not for hosts."""

    watcher: Annotated[str, Field(description="The id of the watcher.")]
    host: Annotated[str, Field(description="The machine's name.")]
    pid: Annotated[int, Field(description="The process there.")]


class Progress(File):
    """``progress.json``: how far a request is."""

    sequence: Annotated[int, Field(description="Grows with each writing.")]
    state: Annotated[Literal["working"], Field(description="The end is in result.json or error.json.")]
    label: Annotated[Text, Field(description="What is done, for people.")]
    done: Annotated[int | None, Field(description="How much of it, in any unit.")]
    total: Annotated[int | None, Field(description="Of how much; null where that is not known.")]
    elapsed_s: Annotated[float, Field(description="Since the request was taken up, in seconds.")]
    messages: Annotated[tuple[Text, ...], Field(description="What the user should know, so far.")]


class OtherItem(BaseModel):
    """Another item for the same cue."""

    model_config = ConfigDict(frozen=True)

    title: Text
    price: Annotated[Decimal | None, Field(description="In the result's currency.")]
    is_bought: bool


class LaidClip(BaseModel):
    """One clip, for people, and for hosts that lay it themselves."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["music", "dialogue", "effects"]
    timecode: Annotated[str, Field(description="Record timecode at which it begins.")]
    title: Text
    price: Annotated[Decimal | None, Field(description="In the result's currency.")]
    is_bought: bool
    alternatives: Annotated[int, Field(description="Other items for the same cue.")]
    others: Annotated[tuple[OtherItem, ...], Field(description="Those items, best first.")]
    file: Annotated[str | None, Field(description="The sound, absolute; null where it is on the web.")]
    track: Annotated[Text, Field(description="Name of the track that it lies on.")]
    record_frame: Annotated[int, Field(description="Where it begins, in frames from the timeline's start.")]
    frames: Annotated[int, Field(description="How long it is on the record, in frames.")]
    media_start_us: Annotated[int, Field(description="Where in its media it begins, in microseconds.")]
    speed: Annotated[str, Field(description="Media seconds a record second, as a fraction; 1 nearly always.")]
    gain_db: Annotated[float, Field(description="Its gain; 0 is unchanged.")]
    fade_in_us: Annotated[int, Field(description="Linear fade at its head, in microseconds.")]
    fade_out_us: Annotated[int, Field(description="Linear fade at its tail, in microseconds.")]


class LostThing(BaseModel):
    """One thing that the output does not say as the timeline does."""

    model_config = ConfigDict(frozen=True)

    feature: str
    item: Text
    told: Text


class Result(File):
    """``result.json``: the request was carried out. Written last; nothing is written after it."""

    output: Annotated[str, Field(description="The timeline, absolute.")]
    job: Annotated[str, Field(description="The job's folder, absolute, for avm-otio jobs show.")]
    film_id: int | None
    session_id: int | None
    music: Annotated[int, Field(description="How many clips.")]
    effects: Annotated[int, Field(description="How many clips.")]
    dialogue: Annotated[int, Field(description="How many clips.")]
    alternatives: Annotated[int, Field(description="Other items for the cues, kept in the metadata.")]
    total_price: Annotated[Decimal, Field(description="Of the chosen items, each once.")]
    currency: str
    media_folder: Annotated[str | None, Field(description="Where media were copied or made.")]
    recalled: Annotated[bool, Field(description="Whether all was there from an earlier run.")]
    rate: Annotated[str, Field(description="Frames a second of the record, as a fraction: 24000/1001.")]
    start_frame: Annotated[int, Field(description="The timeline's start timecode, as a count of frames.")]
    clips: Annotated[tuple[LaidClip, ...], Field(description="What is heard.")]
    spare_clips: Annotated[
        tuple[LaidClip, ...],
        Field(description="Alternatives that are laid switched off, on tracks of their own."),
    ] = ()
    losses: tuple[LostThing, ...]
    notes: tuple[Text, ...]


class Failure(File):
    """``error.json``: the request was not carried out, and why. Written last; nothing is written after it."""

    kind: Annotated[str, Field(description="The name of the error; see avm_otio.errors.")]
    message: Annotated[Text, Field(description="What happened, to which thing; one line.")]
    hint: Annotated[Text, Field(description="What to do next; one line, may be empty.")]
    exit_code: Annotated[int, Field(description="The code that the command line ends with.")]


SCHEMAS: dict[str, type[BaseModel]] = {
    "request": Order,
    "watcher": Watcher,
    "claim": Claim,
    "progress": Progress,
    "result": Result,
    "error": Failure,
}
"""Every file whose schema is in ``docs/schemas``."""


def result_of(summary: Any, losses: Any, is_recalled: bool) -> Result:
    """What a scoring came to, as the file says it."""
    lost = [{"feature": str(one.feature), "item": one.item, "told": one.told} for one in losses]
    return Result.model_validate({**summary, "losses": lost, "recalled": is_recalled, "version": VERSION})

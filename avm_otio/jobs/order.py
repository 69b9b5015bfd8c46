"""An order: everything that a scoring is told, as JSON.

It is what the options of ``avm-otio score`` say, under the same names. A job keeps it to go on by itself, a
watch folder takes it as ``request.json``, a row of a batch is one. What it leaves out is what is configured.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from avm_otio.errors import AvmError, InputError
from avm_otio.jobs.said import DEFAULTS, in_folder, settings_in, shortest, with_paths

VERSION = 1
"""Grows when an older program would misread an order."""

Option = int | str
"""An id of the service's option tables, or the user's name for it."""

_Gain = Annotated[float, Field(allow_inf_nan=False)]
_Currency = Annotated[Literal["USD", "EUR", "TWD"], BeforeValidator(lambda said: str(said).upper())]
_Tempo = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Order(BaseModel):
    """What to score, with what, and where it goes. Paths may be relative to the file that holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=4096)

    version: Literal[1] = Field(1, description="Of this form.")
    timeline: str = Field(min_length=1, description="The timeline file.")
    output: str = Field(min_length=1, description="The timeline to write; its suffix names the format.")

    clip: str | None = Field(None, description="One clip: its name, or its number from 1.")
    track: str | None = Field(None, description="One track: 2 or V2, A1; with clip, where to look.")
    tc_in: str | None = Field(None, description="First frame, record timecode; ; for drop-frame.")
    tc_out: str | None = Field(None, description="First frame after the range, record timecode.")
    rate: str | None = Field(None, description="Frames a second of an EDL: 25, 23.976, 24000/1001.")
    sequence: str | None = Field(None, description="Which timeline, where the file holds several.")
    media_roots: tuple[str, ...] = Field(
        tuple(DEFAULTS["media_roots"]), description="Folders in which moved media are found by name."
    )
    quality: Literal["360p", "540p", "720p", "1080p"] | None = Field(None, description="Of the film.")

    services: tuple[Literal["music", "effects", "denoise"], ...] = Field(
        tuple(DEFAULTS["services"]), min_length=1, description="What to ask for."
    )
    service: str | None = Field(None, description="local, or the service's address.")
    library: str | None = Field(None, description="Folder of sounds, for local.")
    language: Literal["en", "zh"] | None = Field(None, description="Of the service's words.")
    currency: _Currency | None = Field(None, description="Of prices.")
    license_range: tuple[Option, ...] | None = Field(None, description="Where it may be used.")
    license_duration: Option | None = Field(None, description="How long it may be used.")
    license_platforms: tuple[Option, ...] | None = Field(None, description="What it may be used for.")
    title: str | None = Field(None, description="Of the request; the timeline's name by default.")
    budget_min: _Money | None = Field(None, description="Least budget, in the currency asked for.")
    budget_max: _Money | None = Field(None, description="Largest budget, in the currency asked for.")
    outline: str | None = Field(None, description="What happens in the film, in words.")
    ref_music: str | None = Field(None, description="A piece that the music should be like.")
    bpm: _Tempo | None = Field(None, description="Beats a minute.")
    genre: tuple[Option, ...] | None = Field(None, description="Of the music.")
    instrument: tuple[Option, ...] | None = Field(None, description="Of the music.")
    music_language: Option | None = Field(None, description="Of the lyrics.")
    notify_url: str | None = Field(None, description="Where the service posts; {job} is the job's secret.")

    effects_length: Literal["cue", "natural", "auto"] = Field(
        DEFAULTS["effects_length"], description="How long an effect lasts."
    )
    music_gain_db: _Gain = Field(DEFAULTS["music_gain_db"], description="In dB.")
    effects_gain_db: _Gain = Field(DEFAULTS["effects_gain_db"], description="In dB.")
    skip_bad_cues: bool = Field(DEFAULTS["skip_bad_cues"], description="Leave out cues that make no sense.")
    alternatives: int | None = Field(
        None, ge=0, description="Others of each cue to lay, disabled; 1 where editor is given, else 0."
    )
    editor: str | None = Field(None, description="Who opens the output; by its suffix where not given.")
    deliver: Literal["link", "copy", "bundle"] = Field(DEFAULTS["deliver"], description="Where media go.")
    media_format: Literal["keep", "wav48"] = Field(
        DEFAULTS["media_format"], description="What sound is turned into."
    )

    jobs_dir: str | None = Field(None, description="Where jobs are kept; beside the timeline by default.")
    again: bool = Field(
        DEFAULTS["again"], description="Ask, and pay, anew, though the same was asked before."
    )

    @classmethod
    def parse(cls, document: object, place: str = "The order", kind: type[AvmError] = InputError) -> Self:
        """Read an order as JSON.

        Args:
            document: As parsed.
            place: Where it stands, for messages.
            kind: The error to raise.

        Raises:
            InputError: It is none; names the field, and the nearest right name for one that there is not.
        """
        try:
            return cls.model_validate(document, strict=False)
        except ValidationError as error:
            wrong = error.errors(include_url=False)
            # A misspelt field is also a missing one: its spelling is what to tell.
            first = next((one for one in wrong if one["type"] == "extra_forbidden"), wrong[0])
            where = ".".join(map(str, first["loc"]))
            if first["type"] == "extra_forbidden":
                near = get_close_matches(where, cls.model_fields, n=1)
                raise kind(
                    f"{place}: there is no field “{where}”.",
                    f"Did you mean {near[0]}?" if near else f"There are {', '.join(cls.model_fields)}.",
                ) from None
            if first["type"] == "missing":
                raise kind(f"{place}: “{where}” is missing.", "Add it.") from None
            told = f"{place}: “{where}” cannot be {str(first['input'])[:80]!r}: {first['msg']}."
            raise kind(told if where else f"{place} is no JSON object.", "Mend it.") from None

    def dump(self) -> dict[str, Any]:
        """The order as JSON; what was not said is left out."""
        return shortest(self.model_dump(mode="json")) | {"version": VERSION}

    @property
    def settings(self) -> dict[str, Any]:
        """What it says that could also be configured, by the configuration's dotted keys."""
        return settings_in(self.dump())

    def in_folder(self, folder: Path) -> Self:
        """The same order with every path made absolute, relative ones from a folder."""
        return self.model_validate(in_folder(self.dump(), folder))

    def seen_from(self, folder: Path) -> Self:
        """The same order with every path relative to a folder where there is a way, so that both can move."""

        def seen(path: str) -> str:
            try:
                return Path(os.path.relpath(path, folder)).as_posix()
            except ValueError:  # another drive
                return path

        return self.model_validate(with_paths(self.dump(), seen))

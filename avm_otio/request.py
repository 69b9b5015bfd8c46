"""A request: all that one run is asked to do. Its fields are the one table of what can be asked.

A row says everything about a field. The options of the commands (``cli.options``), the keys of the settings
file (``config.settings``), the order in a job's journal, ``request.json`` of a watch folder and its schema,
the columns of a batch's list and the table in ``docs/command-line.md`` are made from the rows. A new option
that the service or the layout understands is one row here, and its use.

Nothing heavy is loaded here: help, completion and "was this done before?" come through this module.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from avm_otio import kinds, services
from avm_otio.addresses import LOCAL, origin_of, read_service
from avm_otio.errors import AvmError, InputError, UsageError
from avm_otio.kinds import Kind
from avm_otio.row import SCORING, Part, Row, row

if TYPE_CHECKING:
    from fractions import Fraction

    from avm_otio.timeline.select import Selection

VERSION = 1
"""Of a request as JSON; grows when an older program would misread one."""

QUALITIES = ("360p", "540p", "720p", "1080p")

AFTER = ("cost", "cuesheet", "conform", "relink", "turnover")
"""The commands that read scored timelines again."""

_source = partial(row, part=Part.SOURCE, commands=(*SCORING, "export", "convert"))
_range = partial(row, part=Part.SOURCE, commands=(*SCORING, "export", "convert", "preview"))
_read = partial(row, part=Part.SOURCE, commands=(*SCORING, "export", "convert", "preview", *AFTER))
_CLIENT = (*SCORING, "service submit", "service result", "film create", "film list", "film show", "relink")
_client = partial(row, part=Part.QUESTION, commands=_CLIENT)
_question = partial(row, part=Part.QUESTION, commands=(*SCORING, "service submit"))
_layout = partial(row, part=Part.LAYOUT, commands=(*SCORING, "convert"))
_planned = partial(row, part=Part.LAYOUT)
_gain = partial(row, part=Part.LAYOUT, commands=(*SCORING, "convert", "conform"))
_sound = partial(row, part=Part.LAYOUT, commands=(*SCORING, "conform"))
_delivery = partial(row, part=Part.DELIVERY, commands=(*SCORING, "convert", "conform", "relink"))


def _read_services(value: object) -> tuple[str, ...]:
    found: tuple[str, ...] = kinds.some_of(*services.service_names()).read(value)
    return found


_SERVICES = Kind(_read_services, kinds.some_of(*services.service_names()).schema, "LIST", is_list=True)
_SERVICE = Kind(read_service, kinds.TEXT.schema, "local|URL")


@dataclass(frozen=True, slots=True)
class Request:
    """What to score, with what, and where it goes. Paths may be relative to the file that holds it.

    A field that has a settings key is ``None`` where the user says nothing of it, until
    ``Settings.complete`` has filled it in; ``app`` does that first of all.

    Attributes:
        given: The same as the user gave it, where this one is complete.

    Raises:
        UsageError: A value cannot be.
    """

    timeline: Path = row(kinds.PATH, Path(), "Timeline file.", part=Part.SOURCE, commands=())
    output: Path = row(
        kinds.PATH, Path(), "Timeline to write; its suffix names the format.", part=Part.DELIVERY, commands=()
    )

    clip: str | None = _source(
        kinds.TEXT, None, "One clip: its name, or its number from 1.", metavar="NAME|N"
    )
    track: str | None = _source(
        kinds.TEXT, None, "One track: 2 or V2, A1; with a clip, where to look for it.", metavar="N"
    )
    tc_in: str | None = _range(
        kinds.TEXT, None, "First frame, record timecode; ; for drop-frame.", flag="--in", metavar="TC"
    )
    tc_out: str | None = _range(
        kinds.TEXT, None, "First frame after the range, record timecode.", flag="--out", metavar="TC"
    )
    rate: Fraction | None = _read(kinds.RATE, None, "Frame rate of an EDL: 25, 23.976, 24000/1001.")
    sequence: str | None = _read(
        kinds.TEXT, None, "Which timeline, if the file holds several.", metavar="NAME"
    )
    media_roots: tuple[Path, ...] = _read(
        kinds.PATHS,
        (),
        "Folder in which moved media are found by name.",
        flag="--media-root",
        setting="media_roots",
        adds_up=True,
    )
    strict: bool = _range(
        kinds.FLAG,
        False,
        "Refuse media that more than one file could be, or that the file found does not fit.",
    )
    quality: str = row(
        kinds.one_of(*QUALITIES),
        "540p",
        "Height of the film that is made.",
        part=Part.SOURCE,
        commands=(*SCORING, "export", "preview", "turnover"),
        setting="quality",
    )

    services: tuple[str, ...] = _question(
        _SERVICES, ("music", "effects"), f"Any of {', '.join(services.service_names())}; comma between."
    )
    service: str = _client(
        _SERVICE,
        LOCAL,
        "local (the engine on this machine), avmapping, or an address.",
        setting="service",
        env="AVM_SERVICE",
    )
    library: Path | None = _client(
        kinds.PATH, None, "Folder of your own sounds, for local.", setting="library", env="AVM_LIBRARY"
    )
    language: str = _client(
        kinds.one_of("en", "zh"),
        "en",
        "Language of the service's texts.",
        setting="language",
        env="AVM_LANGUAGE",
    )
    currency: str = row(
        kinds.one_of("TWD", "USD", "EUR"),
        "USD",
        "Currency of prices.",
        part=Part.QUESTION,
        commands=(*_CLIENT, "convert"),
        setting="currency",
        env="AVM_CURRENCY",
    )
    license_range: tuple[int | str, ...] = _question(
        kinds.OPTIONS,
        (),
        "Where the music may be used: ids or names, comma between.",
        setting="license.range",
        table="range",
    )
    license_duration: int | str | None = _question(
        kinds.OPTION,
        None,
        "How long it may be used: an id or a name.",
        setting="license.duration",
        table="duration",
    )
    license_platforms: tuple[int | str, ...] = _question(
        kinds.OPTIONS,
        (),
        "What it may be used for: ids or names, comma between.",
        setting="license.usage_platforms",
        table="usage_platforms",
    )
    title: str | None = _question(
        kinds.TEXT,
        "",
        "Title of the request.",
        default_words="the timeline's name",
        setting="requirement.title",
    )
    budget_min: float | None = _question(
        kinds.NUMBER_FROM_0,
        None,
        "Lowest budget, in the currency of prices.",
        setting="requirement.budget_min",
    )
    budget_max: float | None = row(
        kinds.NUMBER_FROM_0,
        None,
        "Highest budget, in the currency of prices.",
        part=Part.QUESTION,
        commands=(*SCORING, "service submit", "cost"),
        setting="requirement.budget_max",
    )
    outline: str | None = _question(
        kinds.TEXT, "", "What happens in the film, in words.", setting="requirement.outline"
    )
    ref_music: str | None = _question(
        kinds.TEXT,
        "",
        "Piece that the music should be like: an address; for local, a sound file.",
        metavar="URL|FILE",
        setting="requirement.ref_music",
    )
    bpm: float | None = _question(
        kinds.NUMBER_ABOVE_0,
        None,
        "Tempo of the music.",
        unit="beats a minute",
        metavar="BPM",
        setting="requirement.bpm",
    )
    genre: tuple[int | str, ...] = _question(
        kinds.OPTIONS,
        (),
        "Genres: ids or names, comma between.",
        setting="requirement.genre",
        table="genre",
    )
    instrument: tuple[int | str, ...] = _question(
        kinds.OPTIONS,
        (),
        "Instruments: ids or names, comma between.",
        setting="requirement.instrument",
        table="instrument",
    )
    music_language: int | str | None = _question(
        kinds.OPTION,
        None,
        "Language of the lyrics: an id or a name.",
        setting="requirement.language",
        table="language",
    )
    effects_density: str | float | None = _question(
        kinds.one_of_or_number("none", "sparse", "normal", "dense", is_from_0=True),
        None,
        "How many effects the local engine lays: 4, 20 or 30 a minute at most, or as many as a number says.",
        unit="effects a minute, where it is a number",
        metavar="none|sparse|normal|dense|N",
        default_words="sparse where people speak, else normal",
    )
    spots: str | Path | None = row(
        kinds.SPOTS,
        None,
        "Sounds where somebody spotted them: by markers named “SFX: door slam”, a .csv, or a marker EDL.",
        part=Part.QUESTION,
        metavar="markers|FILE",
    )
    spots_only: bool = row(kinds.FLAG, False, "Lay what was spotted, and nothing else.", part=Part.QUESTION)
    spots_colors: tuple[str, ...] = row(
        kinds.TEXTS,
        (),
        "Colours of markers that are spots whatever their name: of effects, ambience, music.",
        part=Part.QUESTION,
        metavar="KIND=COLOR",
        setting="spots.colors",
    )
    notify_url: str | None = _question(
        kinds.TEXT,
        None,
        "Where the service posts its result, too; {job} is the job's secret: avm-otio notify.",
        metavar="URL",
    )

    music_length: str = _sound(
        kinds.one_of("picture", "full", "loop", "as-is"),
        "picture",
        "Cut to the picture, whole and once, again and again, or from its first sample.",
        setting="soundtrack.music_length",
    )
    music_end: str | None = _planned(
        kinds.TEXT,
        None,
        "Where the music ends, record timecode.",
        metavar="TC",
        default_words="with the picture",
    )
    music_per: str = _planned(
        kinds.one_of("film", "scene", "marker"),
        "film",
        "What gets a piece of music of its own.",
        setting="soundtrack.music_per",
    )
    beat_markers: bool = _sound(kinds.FLAG, False, "Mark the bars of the music.")
    mix: str = _sound(
        kinds.one_of("off", "gentle", "standard", "strong"),
        "standard",
        "How far music and effects make room for speech; off: everything as it comes.",
        setting="soundtrack.mix",
    )
    mix_figures: tuple[str, ...] = _sound(
        kinds.TEXTS,
        (),
        "Other figures than the preset's, comma between.",
        flag="--mix-figures",
        metavar="NAME=NUMBER",
        setting="soundtrack.figures",
    )
    loudness: str | float = _sound(
        kinds.one_of_or_number("none", "r128", "a85", "web"),
        "none",
        "Loudness of the whole, by the gain of our clips alone.",
        unit="LUFS, where it is a number",
        metavar="none|r128|a85|web|LUFS",
        setting="soundtrack.loudness",
    )
    effects_under_speech: str = _sound(
        kinds.one_of("keep", "lower", "drop"),
        "lower",
        "An effect that would hide a word stays, is lowered or moved, or is left out.",
        setting="soundtrack.effects_under_speech",
    )
    effects_length: str = _layout(
        kinds.one_of("cue", "natural", "auto"), "auto", "auto: up to 3 s rings out, longer ends with its cue."
    )
    music_gain_db: float = _gain(kinds.DECIBELS, 0.0, "Gain of the music.", flag="--music-gain", unit="dB")
    effects_gain_db: float = _gain(
        kinds.DECIBELS, 0.0, "Gain of the effects.", flag="--effects-gain", unit="dB"
    )
    skip_bad_cues: bool = _layout(kinds.FLAG, False, "Leave out cues that make no sense, and say which.")
    alternatives: int | None = _layout(
        kinds.COUNT,
        None,
        "How many alternatives of each cue to lay, switched off.",
        default_words="1 with --for, else 0",
    )
    editor: str | None = _delivery(
        kinds.TEXT,
        None,
        "Editor that opens the output.",
        flag="--for",
        metavar="EDITOR",
        default_words="by the suffix",
    )
    deliver: str = _delivery(
        kinds.one_of("link", "copy", "bundle"),
        "link",
        "Media: stay where they are, are copied beside the output, or all in one .zip or .otioz.",
    )
    media_format: str = _delivery(
        kinds.one_of("keep", "wav48"), "keep", "Sound as it is, or as 48 kHz 24-bit Broadcast WAV."
    )
    picture_theme: str = _delivery(
        kinds.one_of("auto", "light", "dark"),
        "auto",
        "Colours of a picture (.svg, .png); auto: as the viewer has it, a .png light.",
    )
    picture_prices: bool = _delivery(kinds.FLAG, False, "Show prices in a picture.")

    preview: bool = row(
        kinds.FLAG,
        False,
        "Write a preview to watch beside the output, too: <output>.preview.mp4.",
        part=Part.DELIVERY,
    )

    jobs_dir: Path | None = row(
        kinds.PATH,
        None,
        "Folder for jobs.",
        part=Part.JOB,
        commands=(*SCORING, "preview", *AFTER),
        default_words="beside the timeline",
    )
    again: bool = row(
        kinds.FLAG,
        False,
        "Ask, and pay, again, though the same was asked before.",
        part=Part.JOB,
        commands=("score", "batch"),
    )

    given: Self | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        for each in rows(type(self)).values():
            value = getattr(self, each.name)
            try:
                read = each.read(value)
            except ValueError as error:
                raise UsageError(f"“{each.name}” {error}.", each.help) from None
            if read is not value:
                object.__setattr__(self, each.name, read)

    @property
    def selection(self) -> Selection:
        """What of the timeline."""
        from avm_otio.timeline.select import Selection

        return Selection(self.clip, self.track, self.tc_in, self.tc_out)

    @property
    def spares(self) -> int:
        """How many alternatives of each cue are laid, switched off."""
        return int(self.editor is not None) if self.alternatives is None else self.alternatives

    @property
    def origin(self) -> str:
        """Scheme, host and port of the service, or ``local``: what its token belongs to."""
        return origin_of(self.service)

    @classmethod
    def parse(cls, document: object, place: str = "The request", kind: type[AvmError] = InputError) -> Self:
        """Read a request as JSON.

        Args:
            document: As parsed.
            place: Where it stands, for messages.
            kind: The error to raise.

        Raises:
            InputError: It is none; names the field, and the nearest right name for one that there is not.
        """
        if not isinstance(document, Mapping):
            raise kind(f"{place} is not a JSON object.", "See docs/watch-folder.md.")
        table = rows(cls)
        for name in document:
            if name not in table and name != "version":
                raise kind(f"{place}: there is no field “{name}”.", near(name, table))
        if document.get("version", VERSION) != VERSION:
            raise kind(f"{place}: “version” cannot be {document['version']!r}.", f"It is {VERSION}.")
        for name in ("timeline", "output"):
            if document.get(name) is None:
                raise kind(f"{place}: “{name}” is missing.", "Add it.")
        values = {}
        for name, value in document.items():
            if name != "version" and value is not None:
                try:
                    values[name] = table[name].read_json(value)
                except ValueError as error:
                    raise kind(f"{place}: “{name}” {error}.", table[name].help) from None
        return cls(**values)

    def dump(self) -> dict[str, Any]:
        """The request as JSON; what the user did not say is left out."""
        found = {}
        for each in rows(type(self)).values():
            value = getattr(self, each.name)
            if value not in (None, (), each.not_given):
                found[each.name] = _as_json(value)
        return found | {"version": VERSION}

    def in_folder(self, folder: Path) -> Self:
        """The same with every path made absolute, relative ones from a folder."""
        return self._with_paths(lambda path: Path(os.path.normpath(folder / path)))

    def seen_from(self, folder: Path) -> Self:
        """The same with every path relative to a folder where there is a way, so that both can move."""

        def seen(path: Path) -> Path:
            try:
                return Path(os.path.relpath(path, folder))
            except ValueError:  # another drive
                return path

        return self._with_paths(seen)

    def _with_paths(self, change: Callable[[Path], Path]) -> Self:
        changed: dict[str, Any] = {}
        for each in rows(type(self)).values():
            value = getattr(self, each.name)
            if each.kind.is_path and value not in (None, each.not_given) and not isinstance(value, str):
                changed[each.name] = tuple(map(change, value)) if each.kind.is_list else change(value)
        return replace(self, **changed)


def rows(kind: type[Request] = Request) -> Mapping[str, Row]:
    """The table: every row by its field's name, of ``Request`` or a class that adds to it."""
    hashable: Any = kind
    return _rows(hashable)


@cache
def _rows(kind: Any) -> Mapping[str, Row]:
    found = {}
    for each in fields(kind):
        if "row" in each.metadata:
            made: Row = each.metadata["row"]
            flag = made.flag or f"--{each.name.replace('_', '-')}"
            found[each.name] = replace(made, name=each.name, flag=flag)
    return found


def near(name: str, table: Mapping[str, Row]) -> str:
    """What to do about a field that there is not."""
    close = get_close_matches(name, table, n=1)
    return f"Did you mean {close[0]}?" if close else f"There are {', '.join(table)}."


def schema(kind: type[Request] = Request) -> dict[str, Any]:
    """The JSON Schema of a request."""
    properties: dict[str, Any] = {
        "version": {"const": VERSION, "default": VERSION, "description": "Of this form.", "type": "integer"}
    }
    for each in rows(kind).values():
        described = {"description": each.help + (f" In {each.unit}." if each.unit else "")}
        if each.name in ("timeline", "output"):
            properties[each.name] = {**described, **each.kind.schema}
        elif each.not_given is None:
            nullable = {"anyOf": [each.kind.schema, {"type": "null"}], "default": None}
            properties[each.name] = described | nullable
        else:
            properties[each.name] = {**described, **each.kind.schema, "default": _as_json(each.not_given)}
    return {
        "title": "Request",
        "description": "What to score, with what, and where it goes. Paths may be relative to the file.",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": ["timeline", "output"],
    }


def _as_json(value: Any) -> Any:
    from fractions import Fraction

    if isinstance(value, tuple):
        return [_as_json(each) for each in value]
    if isinstance(value, Path):
        return value.as_posix()
    return str(value) if isinstance(value, Fraction) else value

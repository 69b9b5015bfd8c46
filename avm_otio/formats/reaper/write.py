"""Writing Reaper's projects (``.rpp``).

Marks of what a line rests on: [3p] the community's description of Reaper's state chunks
(github.com/ReaTeam/Doc, "State Chunk Definitions"); [file] projects that Reaper saved.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath

from avm_otio.formats.reaper import FORMAT
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import (
    SAMPLE_RATE_HZ,
    Clip,
    GainKey,
    Generator,
    Marker,
    Media,
    Timeline,
    Track,
    TrackKind,
)
from avm_otio.timeline.nests import OPENED, opened_and_reported
from avm_otio.timeline.time import (
    MediaTime,
    RecordTime,
    format_rate,
    from_micros,
    nearest_frame,
    nominal_rate,
    to_micros,
)

_RATE = Fraction(SAMPLE_RATE_HZ)
_SAMPLE = 1 / _RATE
_NONE = Fraction(0)

_PRESETS = {
    (Fraction(24000, 1001), False): 0,
    (Fraction(24), False): 1,
    (Fraction(25), False): 2,
    (Fraction(30000, 1001), True): 3,
    (Fraction(30000, 1001), False): 4,
    (Fraction(30), False): 5,
    (Fraction(48), False): 7,
    (Fraction(50), False): 8,
    (Fraction(60), False): 9,
}
"""Rate and drop frame → the second field of ``TIMEMODE`` [3p]. There is no 59.94."""

_SOURCES = {".mp3": "MP3", ".flac": "FLAC", ".ogg": "VORBIS", ".opus": "OPUS"}
_WAVES = (".wav", ".aif", ".aiff", ".w64", ".bwf")
"""Endings → the word after ``SOURCE`` [file]; what Reaper decodes with its video decoder is ``VIDEO``."""

_MOST_STEP_DB = 2.0
"""Between two points Reaper's volume runs straight in amplitude, ours in decibels: a point every 2 dB keeps
the two within 0.06 dB."""

_COLORS = {
    "RED": 0xFF0000,
    "ORANGE": 0xFF8000,
    "YELLOW": 0xFFFF00,
    "GREEN": 0x00FF00,
    "CYAN": 0x00FFFF,
    "BLUE": 0x0000FF,
    "PURPLE": 0x8000FF,
    "MAGENTA": 0xFF00FF,
    "PINK": 0xFFC0CB,
    "WHITE": 0xFFFFFF,
    "BLACK": 0x000000,
}
_COLORED = 0x1000000
"""Added to a colour that is meant; 0 alone is the default [3p]."""


def document(timeline: Timeline, folder: Path) -> tuple[str, tuple[Loss, ...]]:
    """A timeline as a Reaper project.

    Every item lies at the sample of the record nearest to its place, and plays from the nearest sample of its
    file. Video tracks come first, the topmost at the top, without their sound; then the sound tracks.

    Args:
        timeline: What to write; nests are opened.
        folder: Where the project will lie; media below it are named from there.

    Returns:
        The text, and what it does not say as the timeline does.
    """
    losses = Losses(timeline)
    whole = opened_and_reported(timeline, losses, OPENED)
    losses = losses.within(whole)
    losses.add_unsupported(FORMAT.says, FORMAT.name)
    losses.add_picture_gains()
    lines = _Writer(whole, folder, losses).project()
    return "".join(f"{line}\n" for line in lines), tuple(losses)


class _Writer:
    """The lines of one project."""

    def __init__(self, timeline: Timeline, folder: Path, losses: Losses) -> None:
        self._timeline = timeline
        self._folder = folder
        self._losses = losses
        self._sources: dict[Media, list[str]] = {}
        self._items = 0

    def project(self) -> Iterator[str]:
        timeline = self._timeline
        yield '<REAPER_PROJECT 0.1 "7.0" 0 0'
        yield "  RIPPLE 0"
        yield "  GROUPOVERRIDE 0 0 0"
        yield "  AUTOXFADE 0"
        # The project begins at its start timecode, in real seconds [3p].
        yield f"  PROJOFFS {_number(timeline.start)} 0 0"
        yield self._time_mode()
        yield f"  SAMPLERATE {SAMPLE_RATE_HZ} 1 0"
        yield "  TEMPO 120 4 4"
        yield "  TIMELOCKMODE 0"  # items stay where they are in time, whatever the tempo
        yield from self._markers(timeline.markers)
        for track in (*reversed(timeline.video_tracks), *timeline.audio_tracks):
            yield from self._track(track)
        yield ">"

    def _time_mode(self) -> str:
        timeline = self._timeline
        rate, drop = timeline.rate, timeline.drop_frame
        if (rate, drop) not in _PRESETS:
            shown = rate / 2 if (rate / 2, drop) in _PRESETS else Fraction(nominal_rate(rate))
            drop = drop and (shown, drop) in _PRESETS
            shown = shown if (shown, drop) in _PRESETS else Fraction(25)
            message = f"Reaper knows no {format_rate(rate)} fps: its ruler counts {format_rate(shown)}"
            self._losses.add(Feature.RATE, timeline, message)
            rate = shown
        flag = 1 if drop else 2 if rate.denominator == 1001 else 0
        return f"  TIMEMODE 5 {_PRESETS[rate, drop]} -1 {nominal_rate(rate)} {flag} -1 0 0"

    def _markers(self, markers: Iterable[Marker]) -> Iterator[str]:
        for number, marker in enumerate(markers, 1):
            name = self._quoted(f"{marker.name}: {marker.comment}" if marker.comment else marker.name)
            color = f" {_color(marker.color)} 1 B" if marker.color in _COLORS else ""
            if marker.duration:
                # A region is two lines of one number; they are counted apart from markers [3p].
                yield f"  MARKER {number} {_number(marker.start)} {name} 1{color}"
                yield f'  MARKER {number} {_number(marker.start + marker.duration)} "" 1'
            else:
                yield f"  MARKER {number} {_number(marker.start)} {name} 0{color}"

    def _track(self, track: Track) -> Iterator[str]:
        for marker in track.markers:
            self._losses.add(Feature.MARKER, track, f"marker “{marker.name}” not written")
        yield "  <TRACK"
        yield f"    NAME {self._quoted(track.name)}"
        if track.locked:
            yield "    LOCK 1"
        yield "    VOLPAN 1 0 -1 -1 1"
        yield f"    MUTESOLO {0 if track.enabled else 1} 0 0"
        # Reaper's tracks have two channels or more, an even number.
        yield f"    NCHAN {max(2, track.channels + track.channels % 2)}"
        yield "    MAINSEND 1 0"
        crossed = self._crossed(track)
        for clip in track.clips:
            yield from self._item(crossed.get(clip.start, clip), track)
        yield "  >"

    def _crossed(self, track: Track) -> dict[Fraction, Clip]:
        """Clips of sound that cross fade, by where they began: items that overlap, with fades as long."""
        starts = {clip.start: clip for clip in track.clips}
        ends = {clip.end: clip for clip in track.clips}
        made: dict[Fraction, Clip] = {}
        for crossing in track.transitions:
            out, into = ends.get(crossing.at), starts.get(crossing.at)
            if track.kind is TrackKind.VIDEO or out is None or into is None or out is into:
                self._losses.add(Feature.TRANSITION, crossing, "transition written as a cut")
                continue
            longer = _reaching(made.get(out.start, out), _NONE, crossing.after)
            earlier = _reaching(made.get(into.start, into), crossing.before, _NONE)
            if longer is None or earlier is None:
                self._losses.add(
                    Feature.TRANSITION, crossing, "written as a cut: the media have no more, or do not run on"
                )
                continue
            for way, clip, fade_us in (("out", out, out.mix.fade_out_us), ("in", into, into.mix.fade_in_us)):
                if fade_us:
                    message = f"fade {way} of {fade_us / 1_000_000:g} s not written: it cross fades there"
                    self._losses.add(Feature.FADE, clip, message)
            length_us = to_micros(crossing.before + crossing.after)
            made[out.start] = replace(longer, mix=replace(longer.mix, fade_out_us=length_us))
            made[into.start] = replace(earlier, mix=replace(earlier.mix, fade_in_us=length_us))
        return made

    def _item(self, clip: Clip, track: Track) -> Iterator[str]:
        media = clip.media
        if media is None:
            if not isinstance(clip.content, Generator):
                self._losses.add(Feature.NEST, clip, "nest not written")
            return
        if media.sequence is not None:
            self._losses.add(Feature.MEDIA, clip, "not written: Reaper plays no image sequences")
            return
        if not clip.speed:
            self._losses.add(Feature.SPEED, clip, "not written: Reaper knows no freeze frame")
            return
        first = nearest_frame(clip.start, _RATE)
        last = max(first + 1, nearest_frame(clip.end, _RATE))
        length = Fraction(last - first, SAMPLE_RATE_HZ)
        offset = nearest_frame(clip.media_start - media.start, _RATE) / _RATE
        self._items += 1
        yield "    <ITEM"
        yield f"      POSITION {_number(first / _RATE)}"
        yield "      SNAPOFFS 0"
        yield f"      LENGTH {_number(length)}"
        yield "      LOOP 0"
        yield "      ALLTAKES 0"
        # Curve 0 is a straight line in amplitude, which is what our fades are [3p].
        yield f"      FADEIN 0 {_number(from_micros(clip.mix.fade_in_us))} 0 0 0 0 0"
        yield f"      FADEOUT 0 {_number(from_micros(clip.mix.fade_out_us))} 0 0 0 0 0"
        yield f"      MUTE {0 if clip.enabled else 1} 0"
        if clip.link is not None:
            yield f"      GROUP {clip.link}"
        yield f"      IID {self._items}"
        yield f"      NAME {self._quoted(clip.name)}"
        # Volume, pan (which turns the other side down), volume of the take, its pan law [3p].
        yield f"      VOLPAN {_gain(0.0 if clip.mix.keys else clip.mix.gain_db)} {clip.mix.pan:g} 1 -1"
        yield f"      SOFFS {_number(offset if clip.speed > 0 else Fraction(0))}"
        # Pitch follows speed, as on tape: the second field would keep it [3p].
        yield f"      PLAYRATE {_number(abs(clip.speed))} 0 0 -1 0 0.0025"
        yield f"      CHANMODE {self._channel_mode(clip, media, track)}"
        for marker in clip.markers:
            yield self._take_marker(marker, clip, offset)
        yield from self._source(media, clip, track, offset, length)
        if clip.mix.keys:
            yield from self._envelope(clip)
        yield "    >"

    def _channel_mode(self, clip: Clip, media: Media, track: Track) -> int:
        """Which channels of the file are heard [3p]: 0 all, 3 left, 4 right, 5 … the third …, 67 … pairs."""
        used = tuple(channel for channel in clip.channels if channel < media.channels)
        if track.kind is TrackKind.VIDEO or used in ((), tuple(range(media.channels))):
            return 0
        if len(used) == 1 and used[0] < 64:
            return used[0] + 3
        if len(used) == 2 and used[1] == used[0] + 1 and used[0] < 64:
            return used[0] + 67
        if used == (1, 0) and media.channels == 2:
            return 1
        meant = ", ".join(str(channel + 1) for channel in used)
        self._losses.add(Feature.CHANNELS, clip, f"plays all channels of its file, not only {meant}")
        return 0

    def _take_marker(self, marker: Marker, clip: Clip, offset: Fraction) -> str:
        name = self._quoted(f"{marker.name}: {marker.comment}" if marker.comment else marker.name)
        at = marker.start * abs(clip.speed)
        color = f" {_color(marker.color)}" if marker.color in _COLORS else " 0"
        length = f" {_number(marker.duration)}" if marker.duration else ""
        return f"      TKM {_number(at + (offset if clip.speed > 0 else 0))} {name}{color}{length}"

    def _source(
        self, media: Media, clip: Clip, track: Track, offset: Fraction, length: Fraction
    ) -> Iterator[str]:
        lines = self._sources.get(media)
        if lines is None:
            lines = self._sources[media] = self._file(media)
        if track.kind is TrackKind.VIDEO:
            lines = ["<SOURCE VIDEO", "  AUDIO 0", *lines[1:]]  # its sound lies on tracks of its own
        if clip.speed < 0:
            # Mode 2: a section, backwards [3p].
            yield "      <SOURCE SECTION"
            yield f"        LENGTH {_number(length * -clip.speed)}"
            yield "        MODE 2"
            yield f"        STARTPOS {_number(offset)}"
            yield "        OVERLAP 0"
            yield from (f"        {line}" for line in lines)
            yield "      >"
        else:
            yield from (f"      {line}" for line in lines)

    def _file(self, media: Media) -> list[str]:
        ending = PurePosixPath(media.path.replace("\\", "/")).suffix.lower()
        kind = "WAVE" if ending in _WAVES or not ending else _SOURCES.get(ending, "VIDEO")
        path = _from(media.path or media.name, self._folder)
        return [f"<SOURCE {kind}", f"  FILE {self._quoted(path)}", ">"]

    def _envelope(self, clip: Clip) -> Iterator[str]:
        """The gain over time. Points count seconds of the take, which runs at its playing speed [3p]."""
        yield "      <VOLENV"
        yield "        ACT 1 -1"
        yield "        VIS 1 1 1"
        yield "        LANEHEIGHT 0 0"
        yield "        ARM 0"
        yield "        DEFSHAPE 0 -1 -1"
        for at, gain_db in _points(clip.mix.keys):
            yield f"        PT {_number(at * abs(clip.speed))} {_gain(gain_db)} 0"
        yield "      >"

    def _quoted(self, text: str) -> str:
        """A string as Reaper reads it back: in quotes that it does not hold itself [3p]."""
        plain = "".join(" " if ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 else sign for sign in text)
        plain = plain.encode("utf-8", "replace").decode()
        for mark in "\"'`":
            if mark not in plain:
                break
        else:
            plain = plain.replace("`", "'")
        if plain != text:
            self._losses.add(Feature.NAME, f"“{plain}”", "signs that Reaper cannot read replaced")
        return f"{mark}{plain}{mark}"


def _reaching(clip: Clip, before: Fraction, after: Fraction) -> Clip | None:
    """A clip that begins earlier and ends later, its key frames where they were; ``None`` without media."""
    media = clip.media
    if media is None or media.sequence is not None or clip.speed <= 0:
        return None
    head = clip.media_in - before * clip.speed
    tail = clip.media_in + (clip.duration + after) * clip.speed
    if head < media.start - _SAMPLE or (media.end is not None and tail > media.end + _SAMPLE):
        return None
    keys = tuple(replace(key, at=key.at + before) for key in clip.mix.keys)
    return replace(
        clip,
        start=RecordTime(clip.start - before),
        end=RecordTime(clip.end + after),
        media_in=MediaTime(max(head, media.start)),
        mix=replace(clip.mix, keys=keys),
        markers=tuple(replace(marker, start=marker.start + before) for marker in clip.markers),
    )


def _points(keys: tuple[GainKey, ...]) -> Iterator[tuple[Fraction, float]]:
    """Key frames, and as many between them as make straight lines of amplitude straight in decibels."""
    for number, key in enumerate(keys):
        before = keys[number - 1] if number else None
        if before is not None and before.at < key.at:  # two at one moment are a jump, in Reaper too [3p]
            steps = math.ceil(abs(key.gain_db - before.gain_db) / _MOST_STEP_DB)
            for step in range(1, steps):
                part = Fraction(step, steps)
                gain_db = before.gain_db + (key.gain_db - before.gain_db) * float(part)
                at = before.at + (key.at - before.at) * part
                if at >= 0:
                    yield at, gain_db
        following = keys[number + 1] if number + 1 < len(keys) else None
        if key.at >= 0:
            yield key.at, key.gain_db
        elif following is None:
            yield Fraction(0), key.gain_db
        elif following.at > 0:
            part = -key.at / (following.at - key.at)
            yield Fraction(0), key.gain_db + (following.gain_db - key.gain_db) * float(part)


def _from(path: str, folder: Path) -> str:
    """A path as a project in a folder names it: from there where it lies below."""
    windows = PureWindowsPath(path)
    if windows.drive and not path.startswith("/"):
        return path
    try:
        return PurePosixPath(path).relative_to(PurePosixPath(folder.as_posix())).as_posix()
    except ValueError:
        return path


def _color(name: str) -> int:
    return _COLORED | _COLORS[name]


def _gain(gain_db: float) -> str:
    return f"{10 ** (gain_db / 20):.12g}"


def _number(value: Fraction) -> str:
    """A number with up to twelve digits after the point: a twenty-millionth of a sample."""
    if value.denominator == 1:
        return str(value.numerator)
    scaled = nearest_frame(value, Fraction(10**12))
    sign, digits = ("-" if scaled < 0 else ""), f"{abs(scaled):013d}"
    return f"{sign}{digits[:-12]}.{digits[-12:]}".rstrip("0").rstrip(".")

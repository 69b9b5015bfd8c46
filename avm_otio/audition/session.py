"""One job as the page sees it: what there is to hear and choose, and its sounds by id."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from avm_otio import choosing
from avm_otio.audition.shelf import Shelf
from avm_otio.errors import AvmError, internal_error
from avm_otio.jobs.alternatives import Alternatives, film_of
from avm_otio.jobs.offered import Offered, OfferedCue
from avm_otio.media.clock import MediaClock
from avm_otio.media.probe import MediaInfo, probe
from avm_otio.media.stretches import MixStretches, SoundStretches
from avm_otio.report import Advance, Report, Silent
from avm_otio.timeline.model import SAMPLE_RATE_HZ
from avm_otio.timeline.plan import SoundSegment
from avm_otio.timeline.time import dropped_per_minute, nearest_frame, nominal_rate

CHUNK_SAMPLES = 5 * SAMPLE_RATE_HZ
"""So much of a sound is sent at a time."""

OWN = "own"
BARE = "bare"
"""The timeline's own sound, with noise-reduced sound in its place, and without."""

_MOST_TRIED = 12
"""So many chunks of a sound of the library are heard before it is added: a minute."""

_COLUMNS_A_SECOND = 50
_LONGEST_FINE_S = 30
"""Waveforms of longer sounds are those that were heard in them, ten columns a second."""

_THUMB_LINES = 96

_RATE = Fraction(SAMPLE_RATE_HZ)
_ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class _Sound:
    info: MediaInfo
    channels: tuple[int, ...]
    item: str


class Session:
    """A job that is auditioned.

    Args:
        place: The scored timeline, or its job's folder.
        jobs_dir: Where its job lies, if not beside it.
        report: Receives what a person at the terminal should know.

    Attributes:
        place: The scored timeline, or its job's folder.
        is_updating: Whether the timeline is being written.
        shelf: The library beside it.
    """

    def __init__(self, place: Path, jobs_dir: Path | None, report: Report) -> None:
        self.place = place
        self.is_updating = False
        self._jobs_dir = jobs_dir
        self._report = report
        self._tell: Callable[[Mapping[str, Any]], None] = lambda event: None
        self._lock = threading.Lock()
        self._scoring = choosing.Scoring.at(place, jobs_dir)
        self._offered = self._scoring.offered(report)
        self._film = film_of(self._offered.job)
        self._all: Alternatives | None = None
        self._failure: AvmError | None = None
        self._prepared_for: object = None
        self._ids: dict[tuple[str, tuple[int, ...]], str] = {}
        self._sounds: dict[str, _Sound] = {}
        self._mixes: dict[str, MixStretches] = {}
        self._single = SoundStretches()
        self._peaks: dict[str, tuple[float, bytes]] = {}
        self._thumbs: dict[int, bytes | None] = {}
        self.shelf = Shelf(self._scoring, _PageReport(lambda event: self._tell(event), report))

    def tell_by(self, tell: Callable[[Mapping[str, Any]], None]) -> None:
        """Say who is told what happens; from any thread."""
        self._tell = tell

    @property
    def is_settled(self) -> bool:
        """Whether every alternative is laid, or cannot be."""
        return self._all is not None or self._failure is not None

    @property
    def job(self) -> Path:
        """The job's folder."""
        return self._offered.job

    @property
    def film(self) -> Path | None:
        """The picture: the job's film, as soon as somebody asks; another once it is made."""
        return self._film if self._all is None else self._all.film

    def prepare(self) -> None:
        """Lay every alternative; who looks at the page is told when it is done, or why it cannot be."""
        laid_by = _laid_by(self._offered)
        try:
            made = choosing.alternatives(
                self.place, jobs_dir=self._jobs_dir, report=_PageReport(self._tell, self._report)
            )
        except AvmError as error:
            self._failure = error
            self._tell({"event": "failed", "message": str(error)})
            return
        except Exception as error:  # the page must not wait for ever
            self._failure = internal_error(error, "Please report it.")
            self._tell({"event": "failed", "message": str(self._failure)})
            return
        with self._lock:
            self._all, self._failure, self._prepared_for = made, None, laid_by
            for mix in self._mixes.values():
                mix.close()
            own = {OWN: made.own, BARE: made.bare}
            self._mixes = {name: MixStretches(each) for name, each in own.items() if each is not None}
            self._peaks.clear()
        self.look_again()  # what was not here was fetched
        self._tell({"event": "ready"})

    @property
    def is_stale(self) -> bool:
        """Whether something is chosen that what was laid does not hold: an added sound, another mix."""
        is_there = self._all is not None and self._failure is None
        return is_there and self._prepared_for != _laid_by(self._offered)

    def close(self) -> None:
        """Let go of the media."""
        for mix in self._mixes.values():
            mix.close()
        self._single.close()

    def look_again(self) -> Offered:
        """What is chosen now, by whomever."""
        scoring, place = self._scoring.again(), self._offered.place
        self._scoring, self._offered = scoring, scoring.offered(Silent(), place)
        return self._offered

    def choose(self, cue: str | None, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Choose; see ``choosing.choose``.

        Args:
            cue: The cue's name; ``None`` for what concerns all of a kind.
            fields: What is chosen, by the names of that function.

        Returns:
            What is chosen now.

        Raises:
            UsageError: There is no such cue or item, or a value cannot be.
        """
        whole = {name: fields[name] for name in ("music_gain_db", "effects_gain_db", "mix") if name in fields}
        changes = {name: fields[name] for name in ("gain_db", "nudge_frames", "note") if name in fields}
        self._scoring.choose(
            self._offered,
            cue,
            item=fields.get("item"),
            reset=fields.get("reset", False),
            whole=whole,
            is_left_out=fields.get("leave_out"),
            **changes,
        )
        return self.chosen(self.look_again())

    def look_for(self, asked: Mapping[str, str]) -> list[dict[str, Any]]:
        """Sounds of the library that fit; see ``Shelf.search``."""
        return self.shelf.search(self._offered, asked)

    def add(self, cue: str, sound: str) -> dict[str, Any]:
        """Add a sound of the library to a cue, and choose it; see ``Shelf.add``.

        Returns:
            What is chosen now.
        """
        self.shelf.add(self._offered, cue, sound)
        return self.chosen(self.look_again())

    def remove(self, cue: str, item: int) -> dict[str, Any]:
        """Take a sound that was added away again; see ``Shelf.remove``.

        Returns:
            What is chosen now.
        """
        self.shelf.remove(self._offered, cue, item)
        return self.chosen(self.look_again())

    # What the page shows

    def document(self) -> dict[str, Any]:
        """All that the page shows, as JSON."""
        offered, made = self._offered, self._all
        return {
            "name": (offered.output or offered.job).name,
            "is_ready": made is not None,
            "failure": None if self._failure is None else str(self._failure),
            "is_updating": self.is_updating,
            "no_library": self.shelf.missing,
            "chunk": CHUNK_SAMPLES,
            "rate_hz": SAMPLE_RATE_HZ,
            **self.chosen(offered),
            **self._lies(offered),
            "cues": [self._cue(made, each, offered) for each in offered.cues],
            **({} if made is None else self._heard(made)),
        }

    def chosen(self, offered: Offered | None = None) -> dict[str, Any]:
        """What is chosen, as JSON: of each cue, and the totals."""
        offered = offered or self._offered
        return {
            "totals": offered.as_dict()
            | {"job": offered.job.name, "output": (offered.output or offered.job).name},
            "choices": {
                cue.name: {
                    "item": cue.choice.item,
                    "gain_db": cue.choice.gain_db,
                    "nudge_frames": cue.choice.nudge_frames,
                    "is_left_out": cue.choice.is_left_out,
                    "note": cue.choice.note,
                }
                for cue in offered.cues
            },
            "whole": {
                "music_gain_db": offered.choices.music_gain_db,
                "effects_gain_db": offered.choices.effects_gain_db,
                "mix": offered.choices.mix,
            },
        }

    def _lies(self, offered: Offered) -> dict[str, Any]:
        """Where the film lies, which is known before anything was listened to; empty where nobody knows."""
        if offered.place is None:
            return {}
        timeline, span, per_film = offered.place.timeline, offered.place.span, offered.place.record_per_film
        zero = span.start / timeline.rate
        return {
            "rate": [timeline.rate.numerator, timeline.rate.denominator],
            "nominal": nominal_rate(timeline.rate),
            "dropped": dropped_per_minute(timeline.rate) if timeline.drop_frame else 0,
            "start_frame": timeline.start_frame + span.start,
            "frames": span.duration,
            "record_per_film": float(per_film),
            "has_film": self.film is not None,
            "markers": [
                {"at": float(marker.start - zero), "name": marker.name, "color": marker.color}
                for marker in timeline.markers
            ],
        }

    def _heard(self, made: Alternatives) -> dict[str, Any]:
        """What is known once every alternative was laid."""
        return {
            "own": [name for name in (OWN, BARE) if name in self._mixes],
            "spoken": [[round(start, 3), round(end, 3)] for start, end in made.spoken],
            "gains": {"music": made.request.music_gain_db, "effects": made.request.effects_gain_db},
            "asked": {
                "music_gain_db": made.asked.music_gain_db,
                "effects_gain_db": made.asked.effects_gain_db,
                "mix": made.asked.mix,
            },
            "notes": list(made.notes),
        }

    def _cue(self, made: Alternatives | None, cue: OfferedCue, offered: Offered) -> dict[str, Any]:
        start = end = 0.0
        place = offered.place
        if place is not None:
            rate, span = place.timeline.rate, place.span
            zero, last_us = span.start / rate, cue.cue.end_us
            start = float(place.record(cue.cue.start_us) - zero)
            end = float(span.duration / rate if last_us is None else place.record(last_us) - zero)
        sounds = {} if made is None else made.sounds
        names = {item.kept.file: item.item.name for item in cue.items if item.kept is not None}
        return {
            "number": cue.number,
            "name": cue.name,
            "stem": cue.service.stem,
            "words": cue.words,
            "is_whole": cue.cue.end_us is None,
            "start": start,
            "end": end,
            "items": [
                {
                    **item.as_dict(),
                    "segments": [
                        self._segment(made, segment, names)
                        for segment in sounds.get((cue.name, item.item.id), ())
                        if made is not None
                    ],
                }
                for item in cue.items
            ],
        }

    def _segment(self, made: Alternatives, segment: SoundSegment, names: Mapping[str, str]) -> dict[str, Any]:
        """A stretch of a sound as the page plays it; places in samples."""
        info, clock = made.media.infos[segment.media], made.media.clocks[segment.media]
        first = nearest_frame(segment.start, _RATE)
        rise, fall = float(segment.fade_in), float(segment.fade_out)
        return {
            # Music of one item may be heard with other pieces: a sound is the item whose file it is.
            "sound": self._id(info, segment.channels, names.get(info.path.name, "")),
            "first": first,
            "last": nearest_frame(segment.end, _RATE),
            "at": first + _offset(segment, clock),
            "gain_db": segment.gain_db,
            "keys": [[float(key.at), key.gain_db] for key in segment.keys],
            "rise": [rise, float(segment.fade_in_from)],
            "fall": [fall, float(segment.fade_out_to)],
        }

    def _id(self, info: MediaInfo, channels: tuple[int, ...], item: str) -> str:
        key = (str(info.path), channels)
        if key not in self._ids:
            self._ids[key] = f"s{len(self._ids) + 1}"
            self._sounds[self._ids[key]] = _Sound(info, channels, item)
        return self._ids[key]

    # Sounds and pictures

    def samples(self, name: str, number: int) -> bytes | None:
        """A chunk of a sound: its left side, then its right, as 32-bit floats; ``None`` where there is none.

        Raises:
            MediaError: It cannot be read.
        """
        if not 0 <= number < 100_000:
            return None
        first = number * CHUNK_SAMPLES
        if name in self._mixes and self._all is not None:
            length = nearest_frame(self._all.span.duration / self._all.timeline.rate, _RATE)
            count = min(CHUNK_SAMPLES, length - first)
            if count <= 0:
                return None
            found = self._mixes[name].read(first, count)
        elif name in self._sounds:
            sound = self._sounds[name]
            found = self._single.read(sound.info, sound.channels, first, CHUNK_SAMPLES)
        elif (file := self.shelf.file(name)) is not None and number < _MOST_TRIED:
            found = self._single.read(probe(file), (), first, CHUNK_SAMPLES)
        else:
            return None
        return np.ascontiguousarray(found.T, np.dtype("<f4")).tobytes()

    def peaks(self, name: str) -> tuple[float, bytes] | None:
        """The waveform of a sound: columns a second, and each one's peak in 255ths on a square-root scale."""
        made = self._all
        if made is None:
            return None
        if name not in self._peaks:
            heard = made.own_heard if name in self._mixes else None
            if name in self._sounds:
                heard = made.heard.get(self._sounds[name].item)
            elif heard is None:
                return None
            length_s = math.inf if heard is None else len(heard.curve.peak) / 10
            if name in self._sounds and length_s <= _LONGEST_FINE_S:
                sound, step = self._sounds[name], SAMPLE_RATE_HZ // _COLUMNS_A_SECOND
                count = math.ceil(length_s * _COLUMNS_A_SECOND)
                samples = np.abs(self._single.read(sound.info, sound.channels, 0, count * step)).max(axis=1)
                self._peaks[name] = float(_COLUMNS_A_SECOND), _drawn(samples.reshape(count, step).max(axis=1))
            else:
                curve = () if heard is None else heard.curve.peak
                self._peaks[name] = 10.0, _drawn(np.array(curve))
        return self._peaks[name]

    def thumbnail(self, number: int) -> bytes | None:
        """A small picture of a second of the film, as JPEG."""
        from avm_otio.media.thumbnails import Thumbnails
        from avm_otio.timeline.model import Media

        film, place = self.film, self._offered.place
        if film is None or place is None or not 0 <= number < 200_000:
            return None
        with self._lock:
            if number not in self._thumbs:
                if len(self._thumbs) > 2_000:
                    self._thumbs.pop(next(iter(self._thumbs)))
                with Thumbnails() as small:
                    media, at = Media("film", str(film), has_picture=True), number / place.record_per_film
                    self._thumbs[number] = small.at(media, probe(film), at, _THUMB_LINES)
            return self._thumbs[number]


def _laid_by(offered: Offered) -> object:
    """What of the choices decides how alternatives are laid."""
    added = [(cue.name, [item.get("id") for item in cue.choice.added]) for cue in offered.cues]
    return offered.choices.mix, [each for each in added if each[1]]


class _PageReport:
    """What is reported, for the page and for the terminal."""

    def __init__(self, tell: Callable[[Mapping[str, Any]], None], report: Report) -> None:
        self._tell, self._report = tell, report

    def event(self, name: str, /, **fields: object) -> None:
        """Something happened."""

    def warn(self, text: str) -> None:
        """Something the user should know."""
        self._tell({"event": "note", "message": text})

    @contextmanager
    def step(self, label: str, total: int | None = None) -> Iterator[Advance]:
        """A stretch of work."""
        self._tell({"event": "step", "label": label, "done": 0, "total": total})
        shown = 0.0

        def advance(done: int, total: int | None = total) -> None:
            nonlocal shown
            share = done / total if total else 0.0
            if share >= shown + 0.02:
                shown = share
                self._tell({"event": "step", "label": label, "done": done, "total": total})

        yield advance


def _offset(segment: SoundSegment, clock: MediaClock) -> int:
    """From a sample of the film to that of the sound which is heard there, as a mix counts them."""
    step = segment.speed * clock.scale
    at_zero = (clock.file_time(segment.media_in) - segment.start * step) * SAMPLE_RATE_HZ
    return nearest_frame(at_zero, _ONE)


def _drawn(peaks: Any) -> bytes:
    heights = np.sqrt(np.clip(np.nan_to_num(np.asarray(peaks, np.float64)), 0, 1)) * 255
    return bytes(np.rint(heights).astype(np.uint8).tobytes())

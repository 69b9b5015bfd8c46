"""What of a timeline's media a picture of it shows: waveforms and thumbnails, as each clip plays them.

Every stretch of a file is decoded once, whoever plays it; nothing is held but what is drawn. Media that is
missing or cannot be read is said to be so, and is never an error.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from avm_otio.errors import MediaError
from avm_otio.media.channel_reader import sound_from
from avm_otio.media.containers import FAULTS, reopened
from avm_otio.media.decode import seeks_exactly
from avm_otio.media.kept_drawings import KeptDrawings
from avm_otio.media.probe import MediaInfo, probe
from avm_otio.media.thumbnails import Thumbnails
from avm_otio.report import Report
from avm_otio.timeline.drawings import Drawings, Look, Place, Thumbnail, Wanted
from avm_otio.timeline.model import Clip, Generator, Media, Timeline, Track, TrackKind
from avm_otio.timeline.placed import Placed, Placements
from avm_otio.timeline.time import RecordTime

_NEAR_S = 2
"""Between two stretches of a file that lie nearer than this, decoding goes on rather than seeking."""

_LOUDEST = 8.0
"""Floating-point sound may lie above full scale; what is above this is no sound."""

_MOST_COLUMNS = 50_000
"""Of one clip: more than any picture is wide."""

_MOST_THUMBNAILS = 240
"""In one picture: at about 4 KB each, a megabyte."""

Span = tuple[RecordTime, RecordTime]


@dataclass(slots=True)
class _Heard:
    """One stretch of a sound stream that one clip plays, and the columns that are drawn of it.

    Attributes:
        place: Whose columns these are.
        channels: Which channels of the stream.
        edges: Where each column begins, samples of the stream, in rising order, and where the last one ends.
        slots: Which of the clip's columns each of them is.
        gain: Amplitude that nests around it leave.
        heights: How high each column is.
    """

    place: Place
    channels: list[int]
    edges: npt.NDArray[np.int64]
    slots: npt.NDArray[np.int64]
    gain: float = 1.0
    heights: npt.NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        self.heights = np.zeros(len(self.slots), np.float32)

    @property
    def first(self) -> int:
        """Where it begins, samples of the stream."""
        return int(self.edges[0])

    @property
    def last(self) -> int:
        """Where it ends."""
        return int(self.edges[-1])


@dataclass(slots=True)
class _Draft:
    """A clip's look as it is made."""

    peaks: npt.NDArray[np.float64]
    thumbnails: list[Thumbnail] = field(default_factory=list)
    is_missing: bool = False
    is_heard: bool = False


def drawings(
    timeline: Timeline,
    wanted: Wanted,
    report: Report,
    speech: Sequence[Span] = (),
    keep: Path | None = None,
) -> Drawings:
    """Look at the media of a timeline for a picture of it.

    Args:
        timeline: The timeline, its media located (``media.originals.located``).
        wanted: What the picture has room for.
        report: Receives progress; sounds count in seconds.
        speech: Where people speak, record time.
        keep: A folder in which what is drawn is kept for the next picture; ``None`` keeps nothing.
    """
    kept = KeptDrawings(keep)
    look = _Look(timeline, wanted, report, kept)
    look.listen()
    look.watch()
    kept.cleanup()
    return Drawings(wanted.step, look.looks(), tuple(speech))


class _Look:
    """A timeline's media, looked at clip by clip."""

    def __init__(self, timeline: Timeline, wanted: Wanted, report: Report, kept: KeptDrawings) -> None:
        self._timeline, self._wanted, self._report, self._kept = timeline, wanted, report, kept
        self._infos: dict[Path, MediaInfo | None] = {}
        self._drafts: dict[Place, _Draft] = {}
        for place, _, clip in self._clips():
            start, end = clip.laid or (clip.start, clip.end)
            count = min(max(1, math.ceil((end - start) / wanted.step)), _MOST_COLUMNS)
            self._drafts[place] = _Draft(np.zeros(count))

    def looks(self) -> dict[Place, Look]:
        """What was found."""
        return {
            place: Look(
                tuple(draft.peaks.tolist()) if draft.is_heard else (),
                tuple(draft.thumbnails),
                draft.is_missing,
            )
            for place, draft in self._drafts.items()
        }

    def listen(self) -> None:
        """Find the waveforms."""
        streams: dict[tuple[Path, int], list[_Heard]] = defaultdict(list)
        for place, track, clip in self._clips():
            if track.kind is not TrackKind.AUDIO:
                continue
            if not (clip.enabled and track.enabled):
                self._drafts[place].is_missing = clip.media is not None and not clip.media.is_online
            else:
                for info, number, heard in self._stretches(place, track, clip):
                    streams[info.path, number].append(heard)
        runs = {
            (path, number): list(_runs(self._probed(path), number, stretches))
            for (path, number), stretches in streams.items()
            if not self._was_drawn(path, number, stretches)
        }
        total = sum(_seconds(run, self._rate_hz(*key)) for key, each in runs.items() for run in each)
        if not runs:
            return
        with self._report.step("Drawing the sound", total) as advance:
            done = 0
            for key, each in runs.items():
                rate_hz = self._rate_hz(*key)
                with suppress(MediaError), closing(reopened(key[0])) as container:
                    for run in each:
                        for at in self._read(container, key, run):
                            advance(min(total, done + max(0, at - run[0].first) // rate_hz), total)
                        done += _seconds(run, rate_hz)
                    heights = np.concatenate([heard.heights for heard in streams[key]])
                    self._kept.put(key[0], _how(key[1], streams[key]), heights.tobytes())
                self._show(streams[key])
            advance(total, total)

    def _was_drawn(self, path: Path, number: int, stretches: list[_Heard]) -> bool:
        """Show stretches of a stream as an earlier run found them, if it did."""
        found = self._kept.get(path, _how(number, stretches))
        heights = np.frombuffer(found or b"", np.float32)
        if found is None or len(heights) != sum(len(heard.slots) for heard in stretches):
            return False
        at = 0
        for heard in stretches:
            heard.heights = heights[at : at + len(heard.slots)]
            at += len(heard.slots)
        self._show(stretches)
        return True

    def _show(self, stretches: list[_Heard]) -> None:
        """Raise the columns of clips to what was found."""
        for heard in stretches:
            np.maximum.at(self._drafts[heard.place].peaks, heard.slots, heard.heights * heard.gain)

    def watch(self) -> None:
        """Find the thumbnails."""
        slots = self._slots()
        if not slots:
            return
        with self._report.step("Drawing the picture", len(slots)) as advance, Thumbnails() as thumbnails:
            for done, (place, start, end) in enumerate(slots, 1):
                track = self._timeline.tracks[place[0]]
                clip = track.clips[place[1]]
                tail = (clip.laid or (clip.start, clip.end))[1]
                at = RecordTime((start + min(end, tail)) / 2)
                for placed in self._seen(track, clip, at):
                    info = None if placed.media is None else self._info(placed.media)
                    if placed.media is None or info is None:
                        continue
                    time = placed.media_at(at) - placed.media.start
                    jpeg = self._small(thumbnails, placed.media, info, time)
                    if jpeg is not None:
                        self._drafts[place].thumbnails.append(Thumbnail(start, end, jpeg))
                        break
                advance(done, len(slots))

    def _small(self, thumbnails: Thumbnails, media: Media, info: MediaInfo, time: Fraction) -> bytes | None:
        """A thumbnail, as it was kept or new."""
        how = (str(time), self._wanted.height)
        kept = None if media.sequence is not None else self._kept.get(info.path, how)
        if kept is not None:
            return kept
        jpeg = thumbnails.at(media, info, time, self._wanted.height)
        if jpeg is not None and media.sequence is None:
            self._kept.put(info.path, how, jpeg)
        return jpeg

    def _clips(self) -> Iterator[tuple[Place, Track, Clip]]:
        for index, track in enumerate(self._timeline.tracks):
            for number, clip in enumerate(track.clips):
                yield (index, number), track, clip

    def _info(self, media: Media) -> MediaInfo | None:
        """What a file is; ``None`` where it is missing or cannot be read."""
        if not media.is_online or not media.path:
            return None
        path = Path(media.path)
        if media.sequence is not None:
            path = path / media.sequence.file_name(0)
        if path not in self._infos:
            try:
                self._infos[path] = probe(path)
            except MediaError:  # ``located`` has said so
                self._infos[path] = None
        return self._infos[path]

    def _probed(self, path: Path) -> MediaInfo:
        info = self._infos[path]
        assert info is not None  # or nothing of it would be read
        return info

    def _rate_hz(self, path: Path, number: int) -> int:
        return self._probed(path).audio[number].sample_rate_hz

    def _placed(self, track: Track, clip: Clip) -> list[Placed]:
        """A clip, and what is nested in it, by itself."""
        alone = replace(track, clips=(clip,), transitions=(), length=None)
        return Placements(replace(self._timeline, tracks=(alone,))).of(track.kind)

    def _seen(self, track: Track, clip: Clip, at: RecordTime) -> list[Placed]:
        """What is seen of a clip at a moment, the topmost first."""
        layers = reversed(self._placed(track, clip))
        return [each for each in layers if each.start <= at < each.end and each.enabled]

    def _stretches(self, place: Place, track: Track, clip: Clip) -> Iterator[tuple[MediaInfo, int, _Heard]]:
        """What of which streams a clip plays."""
        draft = self._drafts[place]
        head = (clip.laid or (clip.start, clip.end))[0]
        for placed in self._placed(track, clip):
            if placed.media is None or not placed.enabled:
                continue
            info = self._info(placed.media)
            if info is None:
                draft.is_missing = draft.is_missing or placed.clip is clip
                continue
            if not placed.speed:
                continue
            places = info.channel_places
            channels = placed.clip.channels or range(len(places))
            gain = 1.0 if placed.clip is clip else 10 ** (placed.level.gain_db / 20)
            for number, audio in enumerate(info.audio):
                columns = [
                    places[one][1] for one in channels if one < len(places) and places[one][0] == number
                ]
                if columns:
                    draft.is_heard = True
                    rate_hz = audio.sample_rate_hz
                    edges, slots = _columns(placed, head, self._wanted.step, rate_hz, len(draft.peaks))
                    yield info, number, _Heard(place, columns, edges, slots, gain)

    def _read(
        self, container: av.container.InputContainer, key: tuple[Path, int], run: list[_Heard]
    ) -> Iterator[int]:
        """Decode what some stretches have in common, up to the end of the last one.

        Args:
            container: The file, open.
            key: Its path, and which of its sound streams.
            run: The stretches.

        Yields:
            How far it has come, samples of the stream.
        """
        end = max(heard.last for heard in run)
        waiting = run
        info, number = self._probed(key[0]), key[1]
        every = list(range(info.audio[number].channels))
        with suppress(*FAULTS, OSError, MediaError):  # what was heard up to there is drawn
            for at, samples in sound_from(info, number, every, max(0, run[0].first), container):
                until = at + len(samples)
                loud = np.nan_to_num(np.abs(samples), nan=0.0, posinf=0.0)
                for heard in waiting:
                    if heard.first < until and heard.last > at:
                        self._fill(heard, at, loud[:, heard.channels].max(axis=1))
                waiting = [heard for heard in waiting if heard.last > until]
                yield until
                if until >= end:
                    return

    def _fill(self, heard: _Heard, at: int, loud: npt.NDArray[np.float64]) -> None:
        """Raise the columns of a stretch to the amplitudes of a part of its stream."""
        begin, stop = max(heard.first, at), min(heard.last, at + len(loud))
        holding = heard.edges[int(np.searchsorted(heard.edges, begin, "right")) - 1]
        one = int(np.searchsorted(heard.edges, holding, "left"))
        other = int(np.searchsorted(heard.edges, stop, "left"))
        starts = np.maximum(heard.edges[one:other], begin) - at
        high = np.maximum.reduceat(loud[: stop - at], starts)
        np.maximum(heard.heights[one:other], np.minimum(high, _LOUDEST), out=heard.heights[one:other])

    def _slots(self) -> list[tuple[Place, RecordTime, RecordTime]]:
        """Where thumbnails go: fewer, where they would be many."""
        wanted = self._wanted
        tracks = [
            [
                ((index, number), clip.laid or (clip.start, clip.end))
                for number, clip in enumerate(track.clips)
                if self._is_shown((index, number), track, clip)
            ]
            for index, track in enumerate(self._timeline.tracks)
            if track.kind is TrackKind.VIDEO
        ]
        while True:
            found = [slot for shown in tracks for slot in _strip(shown, wanted)]
            if len(found) <= _MOST_THUMBNAILS:
                return found
            if wanted.slot >= wanted.page:  # they are no fewer if they are wider: one clip, one picture
                return found[:: -(-len(found) // _MOST_THUMBNAILS)]
            wanted = replace(wanted, slot=wanted.slot * 2)

    def _is_shown(self, place: Place, track: Track, clip: Clip) -> bool:
        if isinstance(clip.content, Generator):
            return False
        if clip.media is not None and self._info(clip.media) is None:
            self._drafts[place].is_missing = True
            return False
        return clip.enabled and track.enabled


def _how(number: int, stretches: list[_Heard]) -> object:
    """Of which stream waveforms are, and where their columns lie: in words that are the same next time."""
    edges = hashlib.sha256()
    for heard in stretches:
        edges.update(repr((heard.channels, len(heard.edges))).encode())
        edges.update(heard.edges.tobytes())
    return number, edges.hexdigest()


def _columns(
    placed: Placed, head: RecordTime, step: Fraction, rate_hz: int, count: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where the columns of a clip lie in a stream that it plays.

    Args:
        placed: What plays.
        head: Where the clip begins, record time: its column 0.
        step: Seconds of a column.
        rate_hz: Samples a second of the stream.
        count: How many columns the clip has.

    Returns:
        Where each column begins and where the last one ends, samples of the stream, rising; and which
        of the clip's columns they are.
    """
    assert placed.media is not None
    first = min(max(0, math.floor((placed.start - head) / step)), count - 1)
    last = min(max(first + 1, math.ceil((placed.end - head) / step)), count)
    moments = float(head) + float(step) * np.arange(first, last + 1)
    moments[0], moments[-1] = max(moments[0], placed.start), min(moments[-1], placed.end)
    begin = float(placed.media_in - placed.media.start)
    files = begin + (moments - float(placed.start)) * float(placed.speed)
    edges = np.rint(files * rate_hz).astype(np.int64)
    slots = np.arange(first, last)
    return (edges, slots) if placed.speed > 0 else (edges[::-1], slots[::-1])


def _runs(info: MediaInfo, number: int, stretches: list[_Heard]) -> Iterator[list[_Heard]]:
    """Stretches of a stream that are decoded in one go: all, where it cannot be entered in the middle."""
    rate_hz = info.audio[number].sample_rate_hz
    near = _NEAR_S * rate_hz if seeks_exactly(info, number) else math.inf
    run: list[_Heard] = []
    end = 0
    for heard in sorted(stretches, key=lambda one: (one.first, one.last)):
        if run and heard.first > end + near:
            yield run
            run = []
        run.append(heard)
        end = max(end if len(run) > 1 else heard.last, heard.last)
    if run:
        yield run


def _seconds(run: list[_Heard], rate_hz: int) -> int:
    return max(1, (max(heard.last for heard in run) - run[0].first) // rate_hz)


def _strip(
    shown: list[tuple[Place, tuple[RecordTime, RecordTime]]], wanted: Wanted
) -> Iterator[tuple[Place, RecordTime, RecordTime]]:
    """The thumbnails of a track: one after the other from the head of each clip, anew on every page.

    A clip that is too short for one has one that reaches over those after it.
    """
    starts = [start for _, (start, end) in shown if end - start >= wanted.least]
    reached = RecordTime(Fraction(0))
    for number, (place, (head, end)) in enumerate(shown):
        start = max(head, reached)
        while start < end:
            page_end = RecordTime((start // wanted.page + 1) * wanted.page)
            stop = min(page_end, RecordTime(start + wanted.slot))
            if stop > end:
                wide = starts[bisect_right(starts, start) :]
                stop = min(stop, _end_of(shown, number, stop), *wide[:1])
            if stop - start >= wanted.least:
                yield place, start, stop
                reached = stop
            start = stop


def _end_of(
    shown: list[tuple[Place, tuple[RecordTime, RecordTime]]], number: int, limit: RecordTime
) -> RecordTime:
    """Where clips end that follow each other without a hole, from one on, as far as a limit."""
    end = shown[number][1][1]
    for _, (start, stop) in shown[number + 1 :]:
        if start > end or end >= limit:
            break
        end = max(end, stop)
    return end

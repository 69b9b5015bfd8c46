"""A timeline's whole sound, mixed exactly: beside its picture as a preview, as stems, and measured.

Nothing in it limits or lowers anything. What is above full scale is reported; in files, which hold no more,
it is cut off there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from avm_otio.errors import InputError, MediaError, OutputError, UsageError
from avm_otio.media.decode import Doubles, Samples
from avm_otio.media.encode import SoundQuality, encode_sound, read_ahead
from avm_otio.media.film import BLOCKS_AHEAD, Burnt, Quality, Sources, written
from avm_otio.media.film_sound import Buses, length_in_samples, mixed
from avm_otio.media.remux import ReadyPicture, remux
from avm_otio.media.stems import Stems
from avm_otio.media.stereo_reader import StereoReader
from avm_otio.media.true_peak import AROUND, peak_between
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Media, Stem
from avm_otio.timeline.plan import ExportPlan, SoundSegment
from avm_otio.timeline.time import FilmTime, RecordTime, nearest_frame, since_midnight

SUFFIXES = (".mp4", ".m4a")
"""What a preview may end in; the second is of sound alone."""

MIX = "mix"
"""What the whole sound is called where it is over full scale; stems are called by their names."""

_QUALITY = SoundQuality(320_000, "fast", substitutes_noise=False)
_RATE = Fraction(SAMPLE_RATE_HZ)
_OVER = 1 + 2.0**-20
"""From here on a peak is above full scale: below, it is the rounding of an arithmetic that ends at 1."""

_LEAST_BURNT = 180
"""Lines of a picture that timecode is burnt into: on fewer nobody reads it."""

_ONE_OVER_S = 1
"""What is above full scale again within a second is reported once."""

_BUS = {Stem.MUSIC: 1, Stem.EFFECTS: 2}
"""Where our tracks are summed; the timeline's own sound and dialogue are 0."""


@dataclass(frozen=True, slots=True)
class Over:
    """A stretch in which a sum is above full scale.

    Attributes:
        of: Which: ``mix``, or a stem's name.
        start: Its first sample above full scale, film time.
        end: The sample after its last one.
        over_db: How far its peak is above full scale, decibels.
    """

    of: str
    start: FilmTime
    end: FilmTime
    over_db: float


@dataclass(frozen=True, slots=True)
class Preview:
    """A preview on disk.

    Attributes:
        path: The file.
        width: Pixels across; 0 where it has no picture.
        height: Lines; 0 where it has no picture.
        frames: How many frames, or what its sound lasts in frames.
        has_sound: Whether it has a sound track.
        reencoded: Whether its picture was made here; else it is the film's, as it was, or it has none.
        size_bytes: Its size.
        peak_db: The highest sample of the mix, decibels of full scale; minus infinity for silence.
        overs: What is above full scale, by time.
        stems: The stems that were written.
        notes: What could not be shown or heard as asked, in words, one each.
    """

    path: Path
    width: int
    height: int
    frames: int
    has_sound: bool
    reencoded: bool
    size_bytes: int
    peak_db: float
    overs: tuple[Over, ...] = ()
    stems: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def has_picture(self) -> bool:
        """Whether it has a picture."""
        return self.height > 0


def refuse_suffix(out: Path) -> None:
    """Check that a preview can be of the kind that its name says.

    Raises:
        UsageError: It cannot.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"A preview is an MP4, and {out.name} does not end in .mp4.",
            "Name it .mp4, or .m4a for its sound alone.",
        )


def write_preview(
    plan: ExportPlan,
    media: Mapping[Media, Path],
    out: Path,
    *,
    film: ReadyPicture | None = None,
    stems: Path | None = None,
    start: Fraction = Fraction(0),
    quality: Quality = Quality.P540,
    progress: Callable[[int, int], None] | None = None,
    burnt: Burnt | None = None,
) -> Preview:
    """Write what a timeline shows and plays: MP4, H.264, AAC 48 kHz stereo; and its stems.

    The sound is the sum of all that is heard, and nothing else is done to it: see ``media.film_sound``.

    Args:
        plan: What is seen and heard; see ``timeline.playback``.
        media: Where each source lies.
        out: The file, ``.mp4`` or ``.m4a`` (sound alone); whole or not at all.
        film: Its picture, where that is there already: it is copied, not encoded.
        stems: A folder for the stems, see ``media.stems``; ``None`` for none.
        start: The timecode of the plan's first frame, in seconds: the stems' time reference.
        quality: How tall the picture may be where it is encoded.
        progress: Called with the frames done and the frames in all.
        burnt: What is drawn over a picture that is encoded.

    Raises:
        UsageError: The file's suffix is another.
        InputError: There is neither picture nor sound; a piece of media cannot be read.
        OutputError: Something cannot be written, or would take the place of media.
    """
    refuse_suffix(out)
    sources = Sources.of(plan, media)
    shows = bool(plan.picture_media) and out.suffix.lower() == ".mp4"
    if not shows and not sources.has_sound:
        raise InputError(f"“{plan.name}” plays no sound here.", "Choose another range or timeline.")
    made = None if stems is None else Stems(stems, out.stem, since_midnight(start, _RATE))
    for path in (out, *(() if made is None else made.paths)):
        if sources.holds(path):
            raise OutputError(f"{path} is media of the timeline itself.", "Choose another name.")
    watch = _Watch()
    width = height = 0

    def frame_done(done: int) -> None:
        if progress is not None:
            progress(done, plan.frames)

    with ExitStack() as stack:
        if made is not None:
            stack.enter_context(made.written(length_in_samples(plan)))
        temporary = stack.enter_context(written(out))
        heard = stack.enter_context(read_ahead(_sum(sources, watch, made), BLOCKS_AHEAD))
        blocks = heard if sources.has_sound else None
        if not shows:
            assert blocks is not None
            encode_sound(
                blocks,
                temporary,
                samples_done=lambda done: frame_done(math.floor(done / _RATE * plan.rate)),
                sound_quality=_QUALITY,
            )
        elif film is not None:
            width, height = film.width, film.height
            remux(film, blocks, temporary, frame_done=frame_done, sound_quality=_QUALITY)
        else:
            raster = sources.raster(quality, 0 if burnt is None else _LEAST_BURNT)
            width, height = raster.width, raster.height
            sources.encode(
                raster,
                blocks,
                temporary,
                quality=quality,
                frame_done=frame_done,
                sound_quality=_QUALITY,
                burnt=burnt,
            )
        if made is not None:
            for _ in heard:  # of a timeline without sound the stems are silence
                pass
    return Preview(
        path=out,
        width=width,
        height=height,
        frames=plan.frames,
        has_sound=sources.has_sound,
        reencoded=shows and film is None,
        size_bytes=out.stat().st_size,
        peak_db=decibels(watch.peak),
        overs=watch.overs(),
        stems=() if made is None else made.paths,
        notes=tuple(sources.notes),
    )


def true_peak(
    plan: ExportPlan, media: Mapping[Media, Path], stretches: Iterable[tuple[RecordTime, RecordTime]]
) -> tuple[float, ...]:
    """The true peak of some stretches of a mix, each in decibels of full scale (dBTP); both sides count.

    The mix is looked at eight times as finely as its samples lie. What it reads low of a tone is at most
    0.03 dB at 10 kHz and 0.12 dB at 20 kHz; ITU-R BS.1770 asks for four times, which is 0.5 dB.

    Args:
        plan: What is heard; see ``timeline.playback``.
        media: Where each source lies.
        stretches: Where each begins and ends, record time. What lies outside the plan is silence.

    Raises:
        MediaError: A sound cannot be read.
    """
    sources = Sources.of(plan, media)
    peaks = []
    readers: list[StereoReader] = []  # the same sounds are heard in many stretches
    try:
        for stretch in stretches:
            first, end = (nearest_frame(edge - plan.film_map.record_start, _RATE) for edge in stretch)
            blocks = _blocks(sources, 1, first - AROUND, end + AROUND, readers)
            peaks.append(decibels(peak_between(block[0] for block in blocks) if first < end else 0.0))
    finally:
        for reader in readers:
            reader.close()
    return tuple(peaks)


def decibels(amplitude: float) -> float:
    """An amplitude in decibels of full scale; minus infinity for silence."""
    return 20 * math.log10(amplitude) if amplitude > 0 else -math.inf


def bus_of(segment: SoundSegment) -> int:
    """To which of dialogue, music and effects a sound belongs, from 0."""
    return 0 if segment.stem is None else _BUS.get(segment.stem, 0)


def _sum(sources: Sources, watch: _Watch, stems: Stems | None) -> Generator[Samples, None, None]:
    """The mix in blocks, within full scale; the stems are written on the way."""
    at = 0
    for block in _blocks(sources, 1 if stems is None else 3):
        whole: Samples = block.sum(axis=0) if len(block) > 1 else block[0]
        watch.look(MIX, whole, at)
        if stems is not None:
            for name, samples in stems.write(block):
                watch.look(name, samples, at)
        at += len(whole)
        yield np.clip(whole, -1, 1)


def _blocks(
    sources: Sources,
    buses: int,
    first: int = 0,
    end: int | None = None,
    idle: list[StereoReader] | None = None,
) -> Iterator[Buses]:
    return mixed(
        sources.plan,
        sources.infos,
        sources.clocks,
        bus_of=bus_of if buses > 1 else lambda segment: 0,
        buses=buses,
        first=first,
        end=end,
        idle=idle,
    )


@dataclass(slots=True)
class _Watch:
    """What is above full scale, and the mix's peak; times in samples."""

    peak: float = 0.0
    _found: dict[str, list[tuple[int, int, float]]] = field(default_factory=dict)

    def look(self, name: str, samples: Samples | Doubles, at: int) -> None:
        """Look at a block that begins at a sample.

        Raises:
            MediaError: It holds what is no number.
        """
        peak = float(np.abs(samples).max(initial=0))
        if not math.isfinite(peak):
            raise MediaError(
                f"What sounds from {at / SAMPLE_RATE_HZ:g} s on is no number.", "Export its media again."
            )
        if name == MIX:
            self.peak = max(self.peak, peak)
        if peak <= _OVER:
            return
        loudest = np.abs(samples).max(axis=1)
        over = np.flatnonzero(loudest > _OVER)
        cuts = np.flatnonzero(np.diff(over) > _ONE_OVER_S * SAMPLE_RATE_HZ) + 1
        found = self._found.setdefault(name, [])
        for run in np.split(over, cuts):
            start, end, level = at + int(run[0]), at + int(run[-1]) + 1, float(loudest[run].max())
            if found and start - found[-1][1] < _ONE_OVER_S * SAMPLE_RATE_HZ:
                start, level = found[-1][0], max(level, found.pop()[2])
            found.append((start, end, level))

    def overs(self) -> tuple[Over, ...]:
        """All that was found, by time."""
        found = [
            Over(name, FilmTime(start / _RATE), FilmTime(end / _RATE), decibels(level))
            for name, of in self._found.items()
            for start, end, level in of
        ]
        return tuple(sorted(found, key=lambda over: over.start))

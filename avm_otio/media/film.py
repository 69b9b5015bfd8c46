"""A plan becomes a film file, or is one of the user's files already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import av

from avm_otio.errors import MediaError, OutputError
from avm_otio.files import same_file, whole
from avm_otio.media.burnt_in import burnt_in
from avm_otio.media.clock import TOLERANCE, MediaClock, media_clocks
from avm_otio.media.decode import Samples
from avm_otio.media.encode import FILM_SOUND, SoundQuality, encode, read_ahead
from avm_otio.media.film_picture import Raster, compose, even, layered
from avm_otio.media.film_sound import mix
from avm_otio.media.picture import Pictures, SequencePictures, image_number, open_pictures
from avm_otio.media.probe import MediaInfo, probe
from avm_otio.timeline.gain import BOTH_SIDES
from avm_otio.timeline.model import Media
from avm_otio.timeline.plan import ExportPlan
from avm_otio.timeline.time import FilmTime

WHOLE_FILE_MAX_BYTES = 32 * 1024**2
"""Up to this size a file that is shown whole is sent as it is: about a minute of camera H.264, or what the
540p proxy of five minutes comes to."""

WHOLE_HERE_MAX_BYTES = 256 * 1024**2
"""The same where it does not leave this machine: to copy it costs less than to encode any film of it."""

_FAST_SOUND = SoundQuality(coder="fast")
_LONGER_SOUND_S = Fraction(1, 10)
"""How much longer than its picture a file that is sent as it is may be: AAC fills its last frames up."""

_FRAMES_AHEAD = 8
BLOCKS_AHEAD = 2
"""How many blocks of sound are mixed before they are wanted."""
_NO_PICTURE_SHAPE = Fraction(16, 9)


class Quality(StrEnum):
    """How tall the proxy is: H.264 at CRF 23, preset veryfast, small and fine for analysis."""

    P360 = "360p"
    P540 = "540p"
    P720 = "720p"
    P1080 = "1080p"

    @property
    def height(self) -> int:
        """Lines."""
        return int(self.value.removesuffix("p"))

    @property
    def options(self) -> dict[str, str]:
        """x264's."""
        return {"crf": "23", "preset": "veryfast"}


class Small:
    """How the film is made that a program on this machine looks at and nobody else: small and fast."""

    value = "small"
    height = 144
    options: Mapping[str, str] = MappingProxyType({"crf": "18", "preset": "ultrafast"})


SMALL = Small()


@dataclass(frozen=True, slots=True)
class FilmFile:
    """A film on disk.

    Attributes:
        path: The file.
        width: Pixels across.
        height: Lines.
        frames: How many frames.
        duration: Length of its picture.
        has_sound: Whether it has a sound track.
        size_bytes: Its size.
        reencoded: Whether it was made here; else it is the user's own file.
        notes: What could not be shown or heard as asked, in words, one each.
    """

    path: Path
    width: int
    height: int
    frames: int
    duration: FilmTime
    has_sound: bool
    size_bytes: int
    reencoded: bool
    notes: tuple[str, ...] = ()


def whole_file(
    plan: ExportPlan, media: Mapping[Media, Path], most_bytes: int = WHOLE_FILE_MAX_BYTES
) -> FilmFile | None:
    """The one file that the plan shows whole and unchanged, if it can be sent as it is.

    It is an MP4 or QuickTime file with H.264 and at most one AAC stream, not too large, seen and heard from
    its first frame to its last at its own rate.

    Args:
        plan: The film.
        media: Where its media lies.
        most_bytes: How large it may be.

    Raises:
        MediaError: The file cannot be read.
    """
    if len(plan.picture) != 1 or len(plan.picture[0].layers) != 1:
        return None
    layer = plan.picture[0].layers[0]
    source = layer.media
    if (
        not source.is_file
        or not layer.speed == layer.opacity_in == layer.opacity_out == 1
        or media[source].stat().st_size > most_bytes
    ):
        return None
    info = probe(media[source])
    video = info.video
    if video is None or info.is_still or not info.container.startswith("mov") or video.codec != "h264":
        return None
    clock = media_clocks(plan, {source: info})[source]
    if (
        clock.scale != 1
        or abs(clock.file_time(layer.media_in)) > TOLERANCE
        or (video.rate, video.frames) != (plan.rate, plan.frames)
        or info.duration is None
        or info.duration > plan.frames / plan.rate + _LONGER_SOUND_S
        or not _heard_whole(plan, info, clock, media)
    ):
        return None
    return FilmFile(
        path=info.path,
        width=video.width,
        height=video.height,
        frames=plan.frames,
        duration=FilmTime(plan.frames / plan.rate),
        has_sound=bool(info.audio),
        size_bytes=info.size_bytes,
        reencoded=False,
    )


@dataclass(frozen=True, slots=True)
class Burnt:
    """What is drawn over a picture.

    Attributes:
        timecode_of: The timecode of a frame, by its number from 0.
        flashes: Frames that are white, on which a sync pop is heard.
    """

    timecode_of: Callable[[int], str]
    flashes: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Sources:
    """The media of a plan, each looked at once.

    Attributes:
        plan: What is seen and heard.
        places: Where each source lies (the folder of an image sequence).
        infos: What each is; of an image sequence, what the first image that is shown is.
        clocks: How media time runs in each.
        has_sound: Whether anything is heard.
        notes: What cannot be shown or heard as asked; more come as they are read.
    """

    plan: ExportPlan
    places: Mapping[Media, Path]
    infos: Mapping[Media, MediaInfo]
    clocks: Mapping[Media, MediaClock]
    has_sound: bool
    notes: dict[str, None]

    @classmethod
    def of(cls, plan: ExportPlan, places: Mapping[Media, Path]) -> Sources:
        """Look at the media of a plan.

        Raises:
            MediaError: Some cannot be read.
        """
        infos = _probed(plan, places)
        notes = dict.fromkeys(note for info in infos.values() for note in info.notes)
        has_sound = _check_sound(plan, infos, notes)
        return cls(plan, places, infos, media_clocks(plan, infos), has_sound, notes)

    def holds(self, path: Path) -> bool:
        """Whether a file is one of them."""
        return any(same_file(place, path) for place in self.places.values())

    def raster(self, quality: Quality | Small, least: int = 0) -> Raster:
        """The shape of the first moving picture, never taller than it: a title's only where no other is.

        Args:
            quality: How tall it may be.
            least: How many lines it has at least, whatever the picture has.
        """
        return _raster(self.plan, self.infos, quality, least)

    def encode(
        self,
        raster: Raster,
        blocks: Iterator[Samples] | None,
        path: Path,
        *,
        quality: Quality | Small,
        frame_done: Callable[[int], None],
        sound_quality: SoundQuality = FILM_SOUND,
        burnt: Burnt | None = None,
    ) -> None:
        """Encode the picture as the plan says, beside some sound; see ``media.encode.encode``.

        Raises:
            MediaError: Some media cannot be read.
            av.FFmpegError: It cannot be encoded or written.
        """
        plan = self.plan

        def open_source(source: Media) -> Pictures:
            if source.sequence is not None:
                rate, video = source.counted_rate or plan.rate, self.infos[source].video
                assert video is not None
                return SequencePictures(self.places[source], source.sequence, rate, video)
            return open_pictures(
                self.infos[source], raster.height, lambda note: self.notes.update({note: None})
            )

        layers = layered(plan, self.clocks, self.places, open_source)
        with ExitStack() as stack:
            decoded = stack.enter_context(read_ahead(layers, _FRAMES_AHEAD))
            shown = compose(decoded, raster, finely=quality is not SMALL)
            if burnt is not None:
                shown = burnt_in(shown, burnt.timecode_of, burnt.flashes)
            frames = stack.enter_context(read_ahead(shown, _FRAMES_AHEAD))
            encode(
                frames,
                blocks,
                path,
                rate=plan.rate,
                size=(raster.width, raster.height),
                options=dict(quality.options),
                frame_done=frame_done,
                sound_quality=sound_quality,
                timecode="" if burnt is None else burnt.timecode_of(0),
            )


@contextmanager
def written(out: Path, hint: str = "Try another --quality.") -> Iterator[Path]:
    """A temporary path for a film that appears whole or not at all.

    Raises:
        OutputError: It cannot be encoded or written.
    """
    with whole(out) as temporary:
        try:
            yield temporary
        except av.FFmpegError as error:
            if isinstance(error, OSError):
                raise
            raise OutputError(f"{out} could not be encoded: {error}.", hint) from error


BITS_PER_PIXEL = 0.075
"""Of x264 at CRF 23, preset veryfast, on live action: between 0.05 (interviews) and 0.15 (water, crowds)."""


def film_ahead(
    plan: ExportPlan,
    media: Mapping[Media, Path],
    *,
    quality: Quality | Small = Quality.P540,
    may_pass: bool = False,
) -> FilmFile:
    """The film as it would be made; its size is that of the user's own file, or an estimate.

    Args:
        plan: What is seen and heard.
        media: Where each source lies.
        quality: How tall it may be.
        may_pass: Whether one whole file that is small enough is sent as it is.

    Returns:
        It; where it would be made, its path is empty.

    Raises:
        MediaError: Some media cannot be read.
    """
    most_bytes = WHOLE_HERE_MAX_BYTES if quality is SMALL else WHOLE_FILE_MAX_BYTES
    if may_pass and (film := whole_file(plan, media, most_bytes)) is not None:
        return film
    sources = Sources.of(plan, media)
    raster = sources.raster(quality)
    seconds = float(plan.frames / plan.rate)
    bits = raster.width * raster.height * plan.frames * BITS_PER_PIXEL
    bits += seconds * FILM_SOUND.bits_per_s * sources.has_sound
    return FilmFile(
        path=Path(),
        width=raster.width,
        height=raster.height,
        frames=plan.frames,
        duration=FilmTime(plan.frames / plan.rate),
        has_sound=sources.has_sound,
        size_bytes=round(bits / 8),
        reencoded=True,
        notes=tuple(sources.notes),
    )


def export_film(
    plan: ExportPlan,
    media: Mapping[Media, Path],
    out: Path,
    *,
    quality: Quality | Small = Quality.P540,
    progress: Callable[[int, int], None] | None = None,
) -> FilmFile:
    """Make the film: MP4, H.264, AAC 48 kHz stereo, at exactly the plan's rate, frame for frame.

    The first moving picture's shape is the film's; other shapes are letterboxed. It is never taller than
    that source. A plan none of whose sound has a sound stream gives a film without one.

    Args:
        plan: What is seen and heard.
        media: Where each source lies (the folder of an image sequence).
        out: Where the film goes; whole or not at all.
        quality: How tall it may be.
        progress: Called with the frames done and the frames in all.

    Raises:
        MediaError: Some media cannot be read.
        OutputError: The film cannot be written, or would take the place of its own media.
    """
    sources = Sources.of(plan, media)
    if sources.holds(out):
        raise OutputError(f"{out} is media of the timeline itself.", "Choose another name for the film.")
    raster = sources.raster(quality)
    with ExitStack() as stack:
        blocks = None
        if sources.has_sound:
            heard = mix(plan, sources.infos, sources.clocks)
            blocks = stack.enter_context(read_ahead(heard, BLOCKS_AHEAD))
        sources.encode(
            raster,
            blocks,
            stack.enter_context(written(out)),
            quality=quality,
            frame_done=lambda done: None if progress is None else progress(done, plan.frames),
            sound_quality=_FAST_SOUND if quality is SMALL else FILM_SOUND,
        )
    return FilmFile(
        path=out,
        width=raster.width,
        height=raster.height,
        frames=plan.frames,
        duration=FilmTime(plan.frames / plan.rate),
        has_sound=sources.has_sound,
        size_bytes=out.stat().st_size,
        reencoded=True,
        notes=tuple(sources.notes),
    )


def _heard_whole(plan: ExportPlan, info: MediaInfo, clock: MediaClock, media: Mapping[Media, Path]) -> bool:
    """Whether the plan's sound is the file's own from beginning to end, or neither has any."""
    if not info.audio:
        return all(media[sound.media] == info.path for sound in plan.sound)
    if len(info.audio) != 1 or info.audio[0].codec != "aac" or len(plan.sound) != 1:
        return False
    sound = plan.sound[0]
    return (
        media[sound.media] == info.path
        and sound.speed == 1
        and sound.fade_in == sound.fade_out == sound.gain_db == 0
        and not any(key.gain_db for key in sound.keys)
        and sound.sides == BOTH_SIDES
        and sound.channels in ((), tuple(range(info.audio[0].channels)))
        and sound.start == 0
        and sound.end == plan.frames / plan.rate
        and abs(clock.file_time(sound.media_in)) <= TOLERANCE
    )


def _probed(plan: ExportPlan, media: Mapping[Media, Path]) -> dict[Media, MediaInfo]:
    """What every source is; of an image sequence, what the first image that is shown is."""
    by_path: dict[Path, MediaInfo] = {}
    infos: dict[Media, MediaInfo] = {}
    first_seen = {layer.media: layer for segment in reversed(plan.picture) for layer in segment.layers}
    for source in plan.media:
        path = media[source]
        if source.sequence is not None:
            layer, rate = first_seen[source], source.counted_rate or plan.rate
            time = layer.media_in - (source.counted_from or 0)
            path /= source.sequence.file_name(image_number(time, rate, backwards=layer.speed < 0))
        if path not in by_path:
            by_path[path] = probe(path)
        infos[source] = by_path[path]
    return infos


def _check_sound(plan: ExportPlan, infos: Mapping[Media, MediaInfo], notes: dict[str, None]) -> bool:
    """Whether anything is heard; a source without sound must at least be seen."""
    seen = {infos[layer.media].path for segment in plan.picture for layer in segment.layers}
    for sound in plan.sound:
        info = infos[sound.media]
        if info.audio:
            for channel in sound.channels:
                if channel >= len(info.channel_places):
                    notes[f"{info.path.name} has no channel {channel + 1}: silence there."] = None
            continue
        if sound.may_be_silent:
            continue
        if info.path not in seen:
            raise MediaError(
                f"{info.path} has no sound, and clip {sound.media.clip_name!r} uses it as sound.",
                "Disable the clip, or give it a file with sound.",
            )
        notes[f"{info.path.name} has no sound: silence there."] = None
    return any(infos[sound.media].audio for sound in plan.sound)


def _raster(
    plan: ExportPlan, infos: Mapping[Media, MediaInfo], quality: Quality | Small, least: int
) -> Raster:
    """The shape of the first moving picture: a title's or a photograph's only where there is no other."""
    seen = [layer.media for segment in plan.picture for layer in segment.layers]
    seen.sort(key=lambda source: infos[source].is_still and source.sequence is None)
    for source in seen:
        video = infos[source].video
        if video is not None:
            height = min(quality.height, max(least, video.height))
            return Raster(even(Fraction(height * video.width, video.height)), even(height))
    return Raster(even(quality.height * _NO_PICTURE_SHAPE), quality.height)

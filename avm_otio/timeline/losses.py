"""What a format cannot say at all, found in a timeline, item by item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from avm_otio.timeline.model import Clip, Generator, Kept, Mix, Timeline
from avm_otio.timeline.time import from_micros

_AS_IT_IS = Mix()


class Feature(StrEnum):
    """What a format may be unable to say."""

    CHANNELS = "channels"
    DISABLED = "disabled"
    EFFECT = "effect"
    FADE = "fade"
    GAIN = "gain"
    GENERATOR = "generator"
    LINK = "link"
    MARKER = "marker"
    MEDIA = "media"
    METADATA = "metadata"
    NAME = "name"
    NEST = "nest"
    RATE = "rate"
    SPEED = "speed"
    START = "start"
    TIME = "time"
    TRACK = "track"
    TRANSITION = "transition"


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that a file does not say as the timeline does.

    Attributes:
        feature: What kind of thing.
        item: Which: a clip with its timecode, a track, the timeline.
        message: What became of it, a short clause: ``"gain of -6 dB not written"``.
    """

    feature: Feature
    item: str
    message: str

    def __str__(self) -> str:
        return f"{self.item}: {self.message}"


def unsaid(timeline: Timeline, features: Iterable[Feature], dialect: str) -> tuple[Loss, ...]:
    """The losses of a format that knows nothing of some features.

    Args:
        timeline: What is to be written.
        features: What the format cannot say at all. What it can say in part is for its writer to report.
        dialect: The format's own name: what was kept of it for it is no loss.
    """
    wanted = set(features)
    return tuple(
        Loss(feature, item, told)
        for feature, find in _FINDERS.items()
        if feature in wanted
        for item, told in find(timeline)
    ) + tuple(
        Loss(Feature.EFFECT, item, f"{kept.what} not written")
        for item, all_kept in _keepers(timeline)
        for kept in all_kept
        if kept.dialect != dialect
    )


def _keepers(timeline: Timeline) -> Iterator[tuple[str, tuple[Kept, ...]]]:
    """Whatever may hold something of a dialect's own, and what it holds."""
    yield f"Timeline “{timeline.name}”", timeline.kept
    for track in timeline.tracks:
        yield f"Track “{track.name}”", track.kept
        for one in track.transitions:
            yield f"“{one.name}” at {timeline.timecode(one.at)}", one.kept
        for clip in track.clips:
            yield timeline.named(clip), clip.kept


def of_pictures(timeline: Timeline) -> tuple[Loss, ...]:
    """The losses of a format whose sound is all on sound tracks: what a picture says of its loudness."""
    return tuple(
        Loss(Feature.GAIN, timeline.named(clip), "gain and fades of a picture not written")
        for track in timeline.video_tracks
        for clip in track.clips
        if clip.mix != _AS_IT_IS
    )


def _gains(timeline: Timeline) -> Iterator[tuple[str, str]]:
    for clip in timeline.clips():
        if clip.mix.keys:
            yield timeline.named(clip), f"{len(clip.mix.keys)} gain key frames not written"
        elif clip.mix.gain_db:
            yield timeline.named(clip), f"gain of {clip.mix.gain_db:g} dB not written"


def _fades(timeline: Timeline) -> Iterator[tuple[str, str]]:
    for clip in timeline.clips():
        for length_us, word in ((clip.mix.fade_in_us, "fade in"), (clip.mix.fade_out_us, "fade out")):
            if length_us:
                yield timeline.named(clip), f"{word} of {float(from_micros(length_us)):g} s not written"


def _markers(timeline: Timeline) -> Iterator[tuple[str, str]]:
    for marker in timeline.markers:
        yield f"Timeline “{timeline.name}”", f"marker “{marker.name}” not written"
    for track in timeline.tracks:
        for marker in track.markers:
            yield f"Track “{track.name}”", f"marker “{marker.name}” not written"
        for clip in track.clips:
            for marker in clip.markers:
                yield timeline.named(clip), f"marker “{marker.name}” not written"


def _of_clips(is_so: Callable[[Clip], bool], told: str) -> Callable[[Timeline], Iterator[tuple[str, str]]]:
    def find(timeline: Timeline) -> Iterator[tuple[str, str]]:
        return ((timeline.named(clip), told) for clip in timeline.clips() if is_so(clip))

    return find


def _links(timeline: Timeline) -> Iterator[tuple[str, str]]:
    groups = {clip.link for clip in timeline.clips() if clip.link is not None}
    if groups:
        yield f"Timeline “{timeline.name}”", f"{len(groups)} links of picture and sound not written"


def _transitions(timeline: Timeline) -> Iterator[tuple[str, str]]:
    for track in timeline.tracks:
        for one in track.transitions:
            yield f"“{one.name}” at {timeline.timecode(one.at)}", "transition written as a cut"


def _channels(timeline: Timeline) -> Iterator[tuple[str, str]]:
    for track in timeline.audio_tracks:
        yield f"Track “{track.name}”", f"its {track.channels} channels are not said"


def _disabled_tracks(timeline: Timeline) -> Iterator[tuple[str, str]]:
    for track in timeline.tracks:
        if not track.enabled:
            yield f"Track “{track.name}”", "that it is switched off not written"
        for clip in track.clips:
            if not clip.enabled:
                yield timeline.named(clip), "that it is disabled not written"


def _metadata(timeline: Timeline) -> Iterator[tuple[str, str]]:
    ours = sum(1 for clip in timeline.clips() if clip.stem is not None)
    if ours:
        told = f"ids, prices, licences and alternatives of {ours} clips not written: keep the .otio"
        yield f"Timeline “{timeline.name}”", told


def _between_frames(timeline: Timeline) -> Iterator[tuple[str, str]]:
    for clip in timeline.clips():
        if clip.start * timeline.rate % 1:
            yield timeline.named(clip), "moved to the nearest frame"


_FINDERS: dict[Feature, Callable[[Timeline], Iterator[tuple[str, str]]]] = {
    Feature.GAIN: _gains,
    Feature.FADE: _fades,
    Feature.MARKER: _markers,
    Feature.LINK: _links,
    Feature.DISABLED: _disabled_tracks,
    Feature.TRANSITION: _transitions,
    Feature.SPEED: _of_clips(lambda clip: clip.speed != 1, "speed not written"),
    Feature.GENERATOR: _of_clips(
        lambda clip: isinstance(clip.content, Generator), "generator not written, a gap stands for it"
    ),
    Feature.NEST: _of_clips(lambda clip: isinstance(clip.content, Timeline), "nest opened"),
    Feature.CHANNELS: _channels,
    Feature.NAME: _of_clips(lambda clip: not clip.name, "has no name, its media's written"),
    Feature.METADATA: _metadata,
    Feature.TIME: _between_frames,
    Feature.MEDIA: _of_clips(
        lambda clip: clip.media is not None and not clip.media.is_online, "its media is offline"
    ),
}

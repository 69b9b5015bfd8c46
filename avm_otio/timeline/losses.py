"""What a file does not say as its timeline does, reported item by item.

A writer makes one ``Losses`` for the timeline, hands it to all its parts, and gives its content back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import (
    Clip,
    Generator,
    Kept,
    Marker,
    Media,
    Mix,
    Timeline,
    Track,
    Transition,
)
from avm_otio.timeline.time import from_micros
from avm_otio.words import counted

_AS_IT_IS = Mix()

OFFLINE = "its media is offline"
"""What a format whose file does not say so itself loses of a clip without its file."""


Item = Clip | Track | Transition | Media | Timeline | str
"""What a loss may be of."""

Found = tuple[Item, str]
"""Something that a format cannot say, and what becomes of it."""


class Losses:
    """The losses of one file, collected while it is written; whatever they are of is named alike everywhere.

    Args:
        timeline: The timeline that is written. Its timecode says where a clip lies.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._found: list[Loss] = []

    def __iter__(self) -> Iterator[Loss]:
        return iter(self._found)

    def within(self, nest: Timeline) -> Losses:
        """The same losses, for what lies in another timeline: a nest, or one whose nests were opened."""
        inside = Losses(nest)
        inside._found = self._found
        return inside

    def add(self, feature: Feature, item: Item, message: str) -> None:
        """One more.

        Args:
            feature: What kind of thing.
            item: What it is of; a text names what the model does not hold.
            message: What became of it, a short clause: ``"gain of -6 dB not written"``.
        """
        self._found.append(Loss(feature, name_of(item, self._timeline), message))

    def add_unsupported(self, says: Collection[Feature], name: str) -> None:
        """All that a format cannot say at all. What it says in part is for its writer to report.

        Args:
            says: What the format can say, as its ``Format`` declares.
            name: The format's own name: what was kept for it is no loss.
        """
        self._found += unsupported(self._timeline, set(Feature).difference(says), name)

    def add_picture_gains(self) -> None:
        """What pictures say of their loudness, for a format whose sound is all on sound tracks."""
        for track in self._timeline.video_tracks:
            for clip in track.clips:
                if clip.mix != _AS_IT_IS:
                    self.add(Feature.GAIN, clip, "gain and fades of a picture not written")


def name_of(item: Item, timeline: Timeline) -> str:
    """What a loss calls something: its name, and its timecode where several may have that name."""
    match item:
        case Clip():
            return timeline.named(item)
        case Transition():
            return f"“{item.name}” at {timeline.timecode(item.at)}"
        case Track():
            return f"Track “{item.name}”"
        case Timeline():
            return f"Timeline “{item.name}”"
        case Media():
            return f"Media “{item.name}”"
        case _:
            return item


def unsupported(timeline: Timeline, features: Collection[Feature], name: str) -> Iterator[Loss]:
    """The losses of a format that cannot say some features at all.

    Args:
        timeline: What is to be written.
        features: What the format cannot say.
        name: The format's own name: what was kept for it is no loss.
    """
    for feature, find in _FINDERS.items():
        if feature in features:
            for item, message in find(timeline):
                yield Loss(feature, name_of(item, timeline), message)
    for item, all_kept in _keepers(timeline):
        for kept in all_kept:
            if kept.format != name:
                yield Loss(Feature.EFFECT, name_of(item, timeline), f"{kept.label} not written")


def _keepers(timeline: Timeline) -> Iterator[tuple[Item, tuple[Kept, ...]]]:
    """Whatever may hold something of a format's own, and what it holds."""
    yield timeline, timeline.kept
    for track in timeline.tracks:
        yield track, track.kept
        for transition in track.transitions:
            yield transition, transition.kept
        for clip in track.clips:
            yield clip, clip.kept


def _gains(timeline: Timeline) -> Iterator[Found]:
    for clip in timeline.clips():
        if clip.mix.keys:
            yield clip, f"{len(clip.mix.keys)} gain key frames not written"
        elif clip.mix.gain_db:
            yield clip, f"gain of {clip.mix.gain_db:g} dB not written"


def _fades(timeline: Timeline) -> Iterator[Found]:
    for clip in timeline.clips():
        for length_us, word in ((clip.mix.fade_in_us, "fade in"), (clip.mix.fade_out_us, "fade out")):
            if length_us:
                yield clip, f"{word} of {float(from_micros(length_us)):g} s not written"


def _pans(timeline: Timeline) -> Iterator[Found]:
    for clip in timeline.clips():
        if clip.mix.pan:
            yield clip, f"pan of {words_of_pan(clip.mix.pan)} not written"


def words_of_pan(pan: float) -> str:
    """A pan as a mixer shows it."""
    return f"{abs(pan) * 100:.3g} % to the {'left' if pan < 0 else 'right'}" if pan else "the middle"


def _markers(timeline: Timeline) -> Iterator[Found]:
    marked: list[tuple[Item, tuple[Marker, ...]]] = [(timeline, timeline.markers)]
    for track in timeline.tracks:
        marked.append((track, track.markers))
        marked += [(clip, clip.markers) for clip in track.clips]
    for item, markers in marked:
        for marker in markers:
            yield item, f"marker “{marker.name}” not written"


def _of_clips(is_lost: Callable[[Clip], bool], message: str) -> Callable[[Timeline], Iterator[Found]]:
    return lambda timeline: ((clip, message) for clip in timeline.clips() if is_lost(clip))


def _links(timeline: Timeline) -> Iterator[Found]:
    groups = {clip.link for clip in timeline.clips() if clip.link is not None}
    if groups:
        yield timeline, f"{len(groups)} links of picture and sound not written"


def _transitions(timeline: Timeline) -> Iterator[Found]:
    for track in timeline.tracks:
        for transition in track.transitions:
            yield transition, "transition written as a cut"


def _channels(timeline: Timeline) -> Iterator[Found]:
    for track in timeline.audio_tracks:
        yield track, f"its {track.channels} channels are not written"


def _disabled(timeline: Timeline) -> Iterator[Found]:
    for track in timeline.tracks:
        if not track.enabled:
            yield track, "that it is switched off not written"
        for clip in track.clips:
            if not clip.enabled:
                yield clip, "that it is disabled not written"


def _metadata(timeline: Timeline) -> Iterator[Found]:
    ours = sum(1 for clip in timeline.clips() if clip.stem is not None)
    if ours:
        yield (
            timeline,
            f"ids, prices, licences and alternatives of {counted(ours, 'clip')} not written: keep the .otio",
        )


def _between_frames(timeline: Timeline) -> Iterator[Found]:
    for clip in timeline.clips():
        if clip.start * timeline.rate % 1:
            yield clip, "moved to the nearest frame"


_FINDERS: dict[Feature, Callable[[Timeline], Iterator[Found]]] = {
    Feature.GAIN: _gains,
    Feature.FADE: _fades,
    Feature.PAN: _pans,
    Feature.MARKER: _markers,
    Feature.LINK: _links,
    Feature.DISABLED: _disabled,
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
    Feature.MEDIA: _of_clips(lambda clip: clip.media is not None and not clip.media.is_online, OFFLINE),
}

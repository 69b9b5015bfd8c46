"""The transitions of a track, as xmeml lays them over the clips that they join."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from avm_otio.formats.fcp7.common import CROSS_FADE, DISSOLVE, EVEN_GAIN, EVEN_GAIN_ID
from avm_otio.formats.fcp7.pieces import effect_xml, kept_xml, transition_item
from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import Clip, Media, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import nearest_frame, whole_frames


@dataclass(frozen=True, slots=True)
class Cut:
    """A transition over a cut.

    Attributes:
        before: Frames that it begins before the cut.
        after: Frames that it ends after the cut.
        is_last: Whether no clip begins at the cut.
        xml: Its element.
    """

    before: int
    after: int
    is_last: bool
    xml: str


def cuts_of(
    track: Track, places: Sequence[tuple[int, int] | None], rate: Fraction, losses: Losses
) -> dict[int, Cut]:
    """The transitions of a track by the frame of their cut.

    Args:
        track: The track.
        places: The frames of its clips.
        rate: Frames a second.
        losses: What xmeml cannot say of them is added.
    """
    cuts: dict[int, Cut] = {}
    if not track.transitions:
        return cuts
    heads = {place[0]: clip for clip, place in zip(track.clips, places, strict=True) if place}
    tails = {place[1]: clip for clip, place in zip(track.clips, places, strict=True) if place}
    for transition in track.transitions:
        at = nearest_frame(transition.at, rate)
        coming, going = heads.get(at), tails.get(at)
        if (coming is None and going is None) or at in cuts:
            losses.add(Feature.TRANSITION, transition, "no clip begins or ends there: not written")
            continue
        before = min(nearest_frame(transition.before, rate), _room_before(coming, rate)) if going else 0
        after = min(nearest_frame(transition.after, rate), _room_after(going, rate)) if coming else 0
        if before + after <= 0:
            losses.add(Feature.TRANSITION, transition, "no media to lie under it: written as a cut")
            continue
        if any(
            abs(written / rate - wanted) * 48_000 >= 1
            for written, wanted in ((before, transition.before), (after, transition.after))
        ):
            losses.add(Feature.TRANSITION, transition, f"written {float((before + after) / rate):.3g} s long")
        effect, message = _effect(transition, track.kind)
        if message:
            losses.add(Feature.TRANSITION, transition, message)
        span = (at - before, at + after)
        alignment = _alignment(before, after, coming, going)
        xml = transition_item(span, at, alignment, rate, track.kind, effect)
        cuts[at] = Cut(before, after, coming is None, xml)
    return cuts


_OF_EVEN_GAIN = ("crossfade0db", "crossfade(0db)")
"""What Resolve and Premiere call it, without its spaces."""


def _effect(transition: Transition, kind: TrackKind) -> tuple[str, str]:
    for kept in transition.kept:
        text = kept_xml(kept, "effect")
        if text:
            return text, ""
    if kind is TrackKind.AUDIO and transition.name.replace(" ", "").lower() in _OF_EVEN_GAIN:
        return effect_xml(EVEN_GAIN, EVEN_GAIN_ID, kind), ""
    plain = CROSS_FADE if kind is TrackKind.AUDIO else DISSOLVE
    if transition.kind != "SMPTE_Dissolve" or transition.name not in ("", plain):
        return "", f"“{transition.name or transition.kind}” written as “{plain}”"
    return "", ""


def _alignment(before: int, after: int, coming: Clip | None, going: Clip | None) -> str:
    if going is None:
        return "start-black"
    if coming is None:
        return "end-black"
    if not before:
        return "start"
    return "center" if after else "end"


def _room_before(clip: Clip | None, rate: Fraction) -> int:
    """Frames of media before the head of the clip that comes."""
    if clip is None or clip.speed <= 0 or not isinstance(clip.content, (Media, Timeline)):
        return 1 << 30
    start = clip.content.start if isinstance(clip.content, Media) else Fraction(0)
    return max(0, whole_frames((clip.media_in - start) / clip.speed, rate))


def _room_after(clip: Clip | None, rate: Fraction) -> int:
    """Frames of media after the tail of the clip that goes."""
    if clip is None or clip.speed <= 0 or not isinstance(clip.content, (Media, Timeline)):
        return 1 << 30
    content = clip.content
    if content.duration is None:
        return 1 << 30
    start = content.start if isinstance(content, Media) else Fraction(0)
    used = clip.media_in - start + clip.duration * clip.speed
    return max(0, whole_frames((content.duration - used) / clip.speed, rate))

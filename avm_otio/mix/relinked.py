"""A preview's clip that plays the licensed file: in and out, gain, key frames, fades and joins stay."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from avm_otio.mix.cues import Item
from avm_otio.timeline.completed import all_channels
from avm_otio.timeline.model import Clip, Media
from avm_otio.timeline.parts import trimmed
from avm_otio.timeline.time import MediaTime


def relinked(clip: Clip, media: Media, offset: Fraction, item: Item) -> Clip | None:
    """The clip with other media, the same sound at every moment.

    Args:
        clip: It.
        media: What it plays now.
        offset: Seconds by which the sound comes later in it.
        item: The item as the service says it now.

    Returns:
        It, shorter where the other file has nothing to play; ``None`` where it has nothing at all.
    """
    before = clip.media
    assert before is not None
    media_in = MediaTime(clip.media_in - before.start + media.start + offset)
    same = len(clip.channels) == media.channels == before.channels and not clip.channels_assumed
    offer = clip.offer and replace(clip.offer, item=item.served)
    channels = clip.channels if same else all_channels(media)
    made = replace(clip, content=media, media_in=media_in, channels=channels, offer=offer, raw=None)
    if clip.speed <= 0 or media.duration is None:
        return made
    first, last = media.start, media.start + media.duration
    head = max(Fraction(0), (first - media_in) / clip.speed)
    tail = max(Fraction(0), (media_in + clip.duration * clip.speed - last) / clip.speed)
    if head + tail >= clip.duration:
        return None
    return trimmed(made, clip.start + head, clip.end - tail)

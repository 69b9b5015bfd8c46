"""What a picture of a timeline shows of its media: ``media.drawings`` finds it, a format draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from avm_otio.timeline.time import RecordTime

Place = tuple[int, int]
"""Which clip: the index of its track among all tracks, and its own on that track."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a picture has room for.

    Attributes:
        step: Seconds of the timeline that one column of a waveform stands for.
        page: Seconds of the timeline that lie beside each other; thumbnails begin anew on every page.
        slot: Seconds of the timeline that one thumbnail covers.
        least: Seconds of the timeline below which a clip gets none.
        height: Lines of a thumbnail.
    """

    step: Fraction
    page: Fraction
    slot: Fraction
    least: Fraction
    height: int


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One small picture out of a clip.

    Attributes:
        start: From which record time it stands for the clip.
        end: Until when.
        jpeg: The picture.
    """

    start: RecordTime
    end: RecordTime
    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Look:
    """What of a clip's media is drawn.

    Attributes:
        peaks: The highest amplitude of each step from the clip's head on, 1 full scale, over the channels
            that it plays, at the speed at which it plays them, before its gain. Empty where it plays none.
        thumbnails: In order.
        is_missing: Whether its media is not there or cannot be read.
    """

    peaks: tuple[float, ...] = field(default=(), repr=False)
    thumbnails: tuple[Thumbnail, ...] = ()
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Drawings:
    """What of a timeline's media is drawn.

    Attributes:
        step: Seconds of the timeline that one peak stands for.
        looks: By clip.
        speech: Where people speak: from and to, record time, in order.
    """

    step: Fraction
    looks: Mapping[Place, Look]
    speech: tuple[tuple[RecordTime, RecordTime], ...] = ()

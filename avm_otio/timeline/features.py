"""What a format may be unable to say: light to import, since every format declares itself with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
    PAN = "pan"
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

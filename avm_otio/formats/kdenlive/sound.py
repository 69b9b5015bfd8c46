"""What a sound clip of a Kdenlive project carries: which channels, gain, fades."""

from __future__ import annotations

import math
from fractions import Fraction

from avm_otio.formats.kdenlive.bin import Placed, stream_heard
from avm_otio.formats.kdenlive.text import balance_filter, prop, volume_filter
from avm_otio.timeline.features import Feature
from avm_otio.timeline.gain import on_frames, words_of_ramps
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import CUT_FADE_US, SAMPLE_RATE_HZ, Clip
from avm_otio.timeline.time import from_micros, nearest_frame

SAMPLE = Fraction(1, SAMPLE_RATE_HZ)
"""A shift below one sample is none."""

_GAIN_RANGE_DB = (-100.0, 50.0)
"""[run] What Kdenlive's Volume effect takes (26.08: ``effects/volume.xml``)."""

_MONO_DB = 20 * math.log10(math.sqrt(2))
"""[run] MLT plays a mono file 3.01 dB quieter on each side of stereo; this brings it back."""


class SoundEffects:
    """The effects of one clip after another."""

    def __init__(self, rate: Fraction, losses: Losses) -> None:
        """Effects at a project's rate; what they cannot say is added to ``losses``."""
        self.rate = rate
        self._losses = losses

    def filters(self, placed: Placed, before: int, after: int) -> str:
        """The effects of one clip.

        Args:
            placed: The clip.
            before: Frames that a cross fade makes it begin earlier.
            after: Frames that a cross fade makes it end later.
        """
        mix = placed.clip.mix
        text = self._channel_filter(placed.clip) if placed.clip.channels else ""
        mono = stream_heard(placed.clip)[2] == 1
        if mix.pan:
            text += balance_filter(mix.pan)
        if mix.keys or mix.gain_db or mono:
            level = self._level(placed, _MONO_DB if mono else 0.0)
            text += volume_filter("volume", prop("level", level))
        head = placed.source_in - before
        tail = placed.source_in + placed.last - placed.first + after
        if mix.fade_in_us:
            length = min(self._fade(placed.clip, mix.fade_in_us, "fade in", 0), tail - head)
            if length:
                ramp = prop("gain", 0) + prop("end", 1)
                text += volume_filter("fadein", ramp, head, head + length - 1)
        if mix.fade_out_us:
            length = min(self._fade(placed.clip, mix.fade_out_us, "fade out", 1), tail - head)
            ramp = prop("gain", 1) + prop("end", 0)
            text += volume_filter("fadeout", ramp, tail - length, tail - 1)
        return text

    def _fade(self, clip: Clip, length_us: int, word: str, least: int) -> int:
        exact = from_micros(length_us)
        frames = max(least, nearest_frame(exact, self.rate))
        if not frames:
            message = f"{word} of {float(exact):g} s not written: it is shorter than a frame"
            self._losses.add(Feature.FADE, clip, message)
        elif abs(frames / self.rate - exact) * self.rate > Fraction(1, 2) and length_us > CUT_FADE_US:
            self._losses.add(Feature.FADE, clip, f"{word} of {float(exact):g} s is one frame long")
        return frames

    def _level(self, placed: Placed, more_db: float) -> str:
        """Gain in decibels at frames of the source; between two it runs straight [run]."""
        mix = placed.clip.mix
        snapped = on_frames(mix.keys, self.rate)
        keys = dict(snapped.points)
        if snapped.is_moved:
            self._losses.add(Feature.GAIN, placed.clip, "gain key frames moved to their nearest frames")
        if snapped.ramps:
            self._losses.add(Feature.GAIN, placed.clip, words_of_ramps(snapped.ramps))
        keys = _from_head(keys) if keys else {0: mix.gain_db}
        keys = {frame: gain + more_db for frame, gain in keys.items()}
        low, high = _GAIN_RANGE_DB
        if any(not low <= gain <= high for gain in keys.values()):
            self._losses.add(Feature.GAIN, placed.clip, f"gain held between {low:g} and {high:g} dB")
        return ";".join(
            f"{placed.source_in + frame}={min(max(gain, low), high):.6g}" for frame, gain in keys.items()
        )

    def _channel_filter(self, clip: Clip) -> str:
        stream, channels, there = stream_heard(clip)
        streams = clip.media.streams.sounds if clip.media and clip.media.streams else ()
        wanted = ", ".join(str(channel + 1) for channel in clip.channels)
        if len(streams) > 1 and stream is None:
            heard = f"channels 1 to {streams[0][1]}" if streams[0][1] > 1 else "channel 1"
            message = f"Kdenlive plays one stream of a file: {heard}, not {wanted}"
            self._losses.add(Feature.CHANNELS, clip, message)
            return ""
        if there < 2 or channels == tuple(range(there)):
            return ""
        if there == 2 and len(channels) == 1:
            left = channels[0]
            return _copy(left, 1 - left)
        if there == 2 and channels == (1, 0):
            return _copy(0, 1, swap=True)
        self._losses.add(Feature.CHANNELS, clip, f"it plays all {there} channels of its file, not {wanted}")
        return ""


def _from_head(keys: dict[int, float]) -> dict[int, float]:
    """Key frames from the clip's head on: MLT takes a negative position for one from the end."""
    before = [frame for frame in keys if frame < 0]
    if not before:
        return keys
    inside = {frame: gain for frame, gain in keys.items() if frame >= 0}
    last = max(before)
    if not inside:
        return {0: keys[last]}
    following = min(inside)
    share = -last / (following - last)
    return {0: keys[last] + (keys[following] - keys[last]) * share} | inside


def _copy(source: int, target: int, *, swap: bool = False) -> str:
    """Kdenlive's “Stereo to mono”: one channel on both sides, or the two swapped."""
    return (
        f"<filter>\n{prop('mlt_service', 'channelcopy')}{prop('kdenlive_id', 'channelcopy')}"
        f"{prop('from', source)}{prop('to', target)}{prop('swap', int(swap))}</filter>\n"
    )

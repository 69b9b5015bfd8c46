"""How long a file plays: what its frames and samples come to, not what its header multiplies out to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av

from avm_otio.media.containers import FAULTS, stream_length

_TAIL_S = 3
"""How far before a file's end its last frames are looked for; a seek lands on the key frame before."""

_RAW = "aac ac3 amr dts dtshd eac3 g722 gsm h261 h263 h264 hevc loas m4v mjpeg mlp mp3 mpegvideo truehd vc1"
_ESTIMATED = frozenset(_RAW.split())
"""Containers without a clock or an index, whose length FFmpeg takes from the bit rate of their beginning."""


def picture_length(
    container: av.container.InputContainer, stream: av.VideoStream, zero: Fraction, rate: Fraction
) -> Fraction | None:
    """How long a picture is seen, from its first frame to the end of its last, in seconds.

    Args:
        container: The file; afterwards it stands elsewhere.
        stream: Its picture.
        zero: The time of its first frame by the container's clock.
        rate: Its frames a second.
    """
    base = stream.time_base or Fraction(1, av.time_base)
    by_header = stream_length(stream)
    if by_header is not None and container.format.name not in _ESTIMATED:
        # What an edit list hides is no part of it: FFmpeg's demuxer has taken it off.
        # AVI has no times, only frames in order: where one begins later, a decoder has waited.
        no_times = stream.start_time is None or container.format.name == "avi"
        begins = zero if no_times else (stream.start_time or 0) * base
        length = by_header + begins - zero
        if container.format.name != "avi" and stream.codec_context.has_b_frames:
            # Writers count in the order of decoding and end too early by what is shown later.
            return max(length, _by_packets(container, stream, zero, rate) or length)
        return length
    return _by_packets(container, stream, zero, rate)


def _by_packets(
    container: av.container.InputContainer, stream: av.VideoStream, zero: Fraction, rate: Fraction
) -> Fraction | None:
    """To the end of the last frame that is there, looked for near the end; else through the whole file."""
    base = stream.time_base or Fraction(1, av.time_base)
    with suppress(*FAULTS):
        if container.duration is not None and container.format.name not in _ESTIMATED:
            end = Fraction(container.duration + (container.start_time or 0), av.time_base)
            container.seek(int((end - _TAIL_S) / base), stream=stream)
            length = _end(container, stream, rate) - zero
            if length > 0:
                return length
        container.seek(0)
    with suppress(*FAULTS):
        return _end(container, stream, rate) - zero
    return None


def sound_length_of(container: av.container.InputContainer, stream: av.AudioStream) -> Fraction | None:
    """How long the sound of a file without picture is, in seconds; by its packets where headers only guess.

    The container stands elsewhere afterwards.
    """
    by_header: Fraction | None = stream_length(stream)
    if container.format.name not in _ESTIMATED and by_header is not None:
        return by_header
    with suppress(*FAULTS):
        counted = Fraction(0)
        for packet in container.demux(stream):
            counted += (packet.duration or 0) * Fraction(packet.time_base or 0)
        if by_header is None or abs(counted - by_header) > Fraction(1, 10):
            return counted if counted else by_header
    return by_header


def _end(container: av.container.InputContainer, stream: av.VideoStream, rate: Fraction) -> Fraction:
    """The latest end of the frames from where a container stands; of frames without times, their number."""
    ends = list(_ends(container.demux(stream), rate))
    timed = [end for end in ends if end is not None]
    return max(timed) if timed else len(ends) / rate


def _ends(packets: Iterator[Any], rate: Fraction) -> Iterator[Fraction | None]:
    for packet in packets:
        if packet.size and not packet.is_discard:
            if packet.pts is None or packet.time_base is None:
                yield None
            else:
                yield packet.pts * packet.time_base + (
                    packet.duration * packet.time_base if packet.duration else 1 / rate
                )

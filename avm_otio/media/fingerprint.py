"""Digests of the media that a film uses: films with the same content ask the same, wherever it lies."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avm_otio.errors import MediaError
from avm_otio.files import sha256_of
from avm_otio.timeline.gain import BOTH_SIDES
from avm_otio.timeline.model import Media
from avm_otio.timeline.plan import ExportPlan, PictureLayer, SoundSegment
from avm_otio.timeline.time import MediaTime

if TYPE_CHECKING:
    import av

_HEAD_BYTES = 64 * 1024
"""Of each image of a sequence, from either end: an hour of 4K frames is not read twice."""

_MARGIN_S = Fraction(1, 2)
"""More than a frame of any sound or picture codec lasts: what a range needs is within it."""


@dataclass(frozen=True, slots=True)
class Use:
    """The ranges of one source that a film uses, in media time.

    Attributes:
        picture: First and last moment seen; ``None`` where only its sound is used.
        sound: First and last moment heard; ``None`` where only its picture is used.
    """

    picture: tuple[Fraction, Fraction] | None = None
    sound: tuple[Fraction, Fraction] | None = None


def uses(plan: ExportPlan) -> dict[Media, Use]:
    """The ranges that a film uses, by source."""
    found: dict[Media, Use] = {}
    for segment in plan.picture:
        last = (segment.end - segment.start - 1) / plan.rate
        for layer in segment.layers:
            use = found.get(layer.media, Use())
            # Backwards the frame before a time is the one that is seen then.
            back = 1 / (layer.media.counted_rate or plan.rate) if layer.speed < 0 else 0
            first = layer.media_in - back
            found[layer.media] = replace(use, picture=_wider(use.picture, first, last * layer.speed))
    for sound in plan.sound:
        use = found.get(sound.media, Use())
        length = (sound.end - sound.start) * sound.speed
        found[sound.media] = replace(use, sound=_wider(use.sound, sound.media_in, length))
    return found


def content_digest(source: Media, use: Use, path: Path, plan: ExportPlan) -> str:
    """Digest what a file stores for the ranges that are used, without decoding it.

    For picture and sound that is the packets of the ranges, from the key frame before them; for one image
    its bytes; for numbered images the size of each that is used and its first and last 64 KiB. Where a file
    cannot be taken apart, all its bytes.

    Args:
        source: The media.
        use: The ranges that count.
        path: The file; the folder of a sequence.
        plan: The film, for its clocks.

    Raises:
        MediaError: It cannot be read.
    """
    from avm_otio.media.clock import media_clocks
    from avm_otio.media.containers import FAULTS, opened
    from avm_otio.media.probe import probe

    held = hashlib.sha256()
    try:
        if source.sequence is not None:
            _add_images(held, source, use, path)
            return held.hexdigest()
        info = probe(path)
        if info.is_still:
            return sha256_of(path)
        clock = media_clocks(plan, {source: info})[source]
        try:
            with opened(path) as container:
                for kind, span in (("video", use.picture), ("audio", use.sound)):
                    if span is not None:
                        low, high = (info.zero + clock.file_time(MediaTime(moment)) for moment in span)
                        _add_packets(held, container, kind, low - _MARGIN_S, high + _MARGIN_S)
        except FAULTS:
            return sha256_of(path)
    except OSError as error:
        raise MediaError(
            f"{path} cannot be read: {error.strerror or error}.", "Check the file and its disk."
        ) from error
    return held.hexdigest()


def _wider(
    span: tuple[Fraction, Fraction] | None, start: Fraction, length: Fraction
) -> tuple[Fraction, Fraction]:
    edges = (start, start + length, *(span or ()))
    return min(edges), max(edges)


def _add_packets(
    held: Any, container: av.container.InputContainer, kind: str, low: Fraction, high: Fraction
) -> None:
    """Add the packets of the streams of a kind that show or sound from ``low`` to ``high``, file time."""
    streams: Iterable[Any] = [
        stream for stream in container.streams if stream.type == kind and stream.codec_context is not None
    ]
    for stream in streams:
        base = stream.time_base or Fraction(1, 1_000_000)
        first, last = int(low / base), int(high / base)
        held.update(f"{kind} {stream.codec_context.name}".encode())
        held.update(stream.codec_context.extradata or b"")
        container.seek(max(first, stream.start_time or 0), stream=stream, backward=True)
        for packet in container.demux(stream):
            if packet.dts is None or packet.pts is None:
                continue  # the empty packet at the end, or one without a place
            if packet.dts > last:
                break
            if kind == "video" or packet.pts + (packet.duration or 0) >= first:
                held.update(str(packet.pts * base).encode())
                held.update(memoryview(packet))


def _add_images(held: Any, source: Media, use: Use, folder: Path) -> None:
    assert source.sequence is not None
    start = source.counted_from or Fraction(0)
    rate = source.counted_rate or Fraction(24)
    low, high = use.picture or (Fraction(0), Fraction(0))
    for number in range(max(0, int((low - start) * rate)), int((high - start) * rate) + 1):
        path = folder / source.sequence.file_name(number)
        if not path.is_file():
            held.update(b"none")
            continue
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            held.update(f"{size}".encode())
            held.update(file.read(_HEAD_BYTES))
            file.seek(max(0, size - _HEAD_BYTES))
            held.update(file.read(_HEAD_BYTES))


def film_asked(plan: ExportPlan, digests: Mapping[Media, str]) -> dict[str, Any]:
    """The film as a question: what is seen and heard in film time, by content.

    It holds neither names nor places of files, nor where the film lies on the timeline: moved media, a
    renamed clip or a trim before the range ask nothing new. Of a sound's gain, key frames and channels it
    holds what differs from the default: films without any keep the keys that they had before these existed.
    """
    numbers = {digest: number for number, digest in enumerate(dict.fromkeys(digests.values()))}

    def of(source: Media) -> int | None:
        return numbers.get(digests.get(source, ""))

    def seen(layer: PictureLayer) -> list[Any]:
        return [
            of(layer.media),
            *map(str, (layer.media_in, layer.speed, layer.opacity_in, layer.opacity_out)),
        ]

    def heard(part: SoundSegment) -> list[Any]:
        exact = (part.media_in, part.speed, part.fade_in, part.fade_out)
        always: list[Any] = [str(part.start), str(part.end), of(part.media), *map(str, exact)]
        chosen = {
            "gain_db": str(part.gain_db) if part.gain_db else None,
            "keys": [[str(key.at), str(key.gain_db)] for key in part.keys],
            "channels": list(part.channels),
            "fade_in_from": str(part.fade_in_from) if part.fade_in_from else None,
            "sides": list(part.sides) if part.sides != BOTH_SIDES else None,
            "fade_out_to": str(part.fade_out_to) if part.fade_out_to else None,
        }
        mixed = {name: value for name, value in chosen.items() if value}
        return [*always, mixed] if mixed else always

    return {
        "rate": str(plan.rate),
        "frames": plan.frames,
        "media": list(numbers),
        "picture": [
            [segment.start, segment.end, [seen(layer) for layer in segment.layers if layer.media in digests]]
            for segment in plan.picture
        ],
        "sound": [heard(part) for part in plan.sound],
    }

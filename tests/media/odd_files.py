"""Files as cameras and phones write them and PyAV alone does not: made by patching what it wrote."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction as F
from pathlib import Path

import av
import numpy as np

from tests.media.numbered import frame_of, movie, pattern

_BOXES = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def tones(path: Path, count: int, *, codec: str, layout: str = "", seconds: float = 0.5) -> Path:
    """A file of one stream whose channel n is level at (n + 1) / 20."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=48000, layout=layout or f"{count} channels")
        samples = np.repeat(np.arange(1, count + 1) / 20, round(48000 * seconds)).reshape(count, -1)
        packed = np.ascontiguousarray(samples.T.clip(0, 0.99)).reshape(1, -1)
        is_short = codec == "pcm_s16le"
        packed = (packed * 32768).astype(np.int16) if is_short else packed.astype(np.float32)
        given = "s16" if is_short else "flt"
        frame = av.AudioFrame.from_ndarray(packed, given, layout or f"{count} channels")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, F(1, 48000)
        form = stream.codec_context.format.name
        parts = [frame]
        if form != given:
            parts = av.AudioResampler(form, frame.layout.name, 48000).resample(frame)
        for part in parts:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return path


def labelled(path: Path, labels: Sequence[int]) -> Path:
    """A MOV of 16-bit PCM whose ``chan`` atom labels each channel by a number (Core Audio's)."""
    tones(path, len(labels), codec="pcm_s16le", layout={4: "4.0", 2: "stereo"}[len(labels)])
    whole = path.read_bytes()
    body = struct.pack(">4sIIII", b"chan", 0, 0, 0, len(labels))
    body += b"".join(struct.pack(">IIfff", label, 0, 0, 0, 0) for label in labels)
    atom = struct.pack(">I", len(body) + 4) + body
    at = whole.index(b"moov") - 4
    path.write_bytes(whole[:at] + _rebuilt(whole[at:], atom))
    return path


def _rebuilt(boxes: bytes, atom: bytes) -> bytes:
    made, at = b"", 0
    while at < len(boxes):
        size, kind = struct.unpack(">I4s", boxes[at : at + 8])
        body = boxes[at + 8 : at + size]
        if kind in _BOXES:
            body = _rebuilt(body, atom)
        elif kind == b"stsd":
            entry = body[8:]
            if b"chan" in entry:
                old = entry.index(b"chan") - 4
                end = old + struct.unpack(">I", entry[old : old + 4])[0]
                entry = entry[:old] + atom + entry[end:]
            else:
                entry += atom
            body = body[:8] + struct.pack(">I", len(entry)) + entry[4:]
        made += struct.pack(">I4s", len(body) + 8, kind) + body
        at += size
    return made


def counted_at(path: Path, rate: F, timecode: str, base: F, start: int) -> Path:
    """A MOV whose timecode track counts at another base than its picture runs, from frame ``start``."""
    movie(path, 12, rate, timecode=timecode)
    whole = bytearray(path.read_bytes())
    table = whole.index(b"tmcd", whole.index(b"stsd", whole.index(b"gmhd"))) + 4
    struct.pack_into(">IIB", whole, table + 16, base.numerator, base.denominator, round(base))
    chunks = whole.index(b"stco", table)
    (place,) = struct.unpack_from(">I", whole, chunks + 12)
    struct.pack_into(">I", whole, place, start)
    path.write_bytes(whole)
    return path


def jpeg(path: Path, pixels: np.ndarray, orientation: int) -> Path:
    """A photograph with an EXIF orientation."""
    with av.open(str(path), "w", format="image2") as file:
        stream = file.add_stream("mjpeg", rate=1)
        stream.height, stream.width = pixels.shape
        stream.pix_fmt = "yuvj420p"
        frame = frame_of(pixels).reformat(format="yuvj420p", src_color_range="MPEG", dst_color_range="JPEG")
        frame.pts = 0
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    tag = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)
    whole = path.read_bytes()
    path.write_bytes(whole[:2] + struct.pack(">2sH", b"\xff\xe1", len(tag) + 2) + tag + whole[2:])
    return path


def flipped(path: Path, degrees: int, *, hflip: bool, vflip: bool) -> Path:
    """A film that is to be seen turned (counterclockwise) and mirrored after that."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        stream.set_display_rotation(degrees, hflip=hflip, vflip=vflip)
        for number in range(3):
            frame = frame_of(quarters())
            frame.pts = number
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def quarters() -> np.ndarray:
    """A picture of four quarters, each of its own grey: no turn or mirroring leaves it as it is."""
    picture = np.empty((90, 160), np.uint8)
    picture[:45, :80], picture[:45, 80:], picture[45:, :80], picture[45:, 80:] = 40, 90, 140, 200
    return picture


def thumbnail_first(path: Path) -> Path:
    """An MP4 whose first picture stream is a small still, not marked as one."""
    with av.open(str(path), "w") as file:
        small = file.add_stream("mjpeg", rate=25)
        small.width, small.height, small.pix_fmt = 64, 36, "yuvj420p"
        film = file.add_stream("libx264", rate=25)
        film.width, film.height, film.pix_fmt = 160, 90, "yuv420p"
        still = frame_of(np.full((36, 64), 128, np.uint8)).reformat(format="yuvj420p")
        still.pts, still.time_base = 0, F(1, 25)
        file.mux(small.encode(still))
        file.mux(small.encode(None))
        for number in range(20):
            frame = frame_of(pattern(number))
            frame.pts = number
            file.mux(film.encode(frame))
        file.mux(film.encode(None))
    return path


def see_through(path: Path, codec: str) -> Path:
    """A WebM that is white where it is not see-through: its lower half."""
    pixels = np.full((36, 64, 4), 255, np.uint8)
    pixels[:18, :, 3] = 0
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuva420p"
        stream.codec_context.options = {"auto-alt-ref": "0", "cpu-used": "8", "deadline": "realtime"}
        stream.metadata["alpha_mode"] = "1"
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(pixels, "rgba").reformat(format="yuva420p")
            frame.pts = number
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def copied_from(path: Path, source: Path, first: F) -> Path:
    """A stream copy from a moment on: what lies between the key frame before and there is hidden."""
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        base = old.streams.video[0].time_base or F(1)
        shift = int(first / base)
        old.seek(shift, stream=old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None and packet.pts is not None:
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = stream
                new.mux(packet)
    return path

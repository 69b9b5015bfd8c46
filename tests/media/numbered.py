"""Media for tests whose every frame carries its number, and the plans that show them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction as F
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

from avm_otio.timeline.model import ImageSequence, Media
from avm_otio.timeline.plan import (
    ExportPlan,
    FilmMap,
    PictureLayer,
    PictureSegment,
    SoundSegment,
)
from avm_otio.timeline.time import FilmTime, MediaTime, RecordTime

COLUMNS, ROWS = 4, 3
BLACK = 0
SIZE = (160, 90)


def pattern(number: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Luma that says a number from 0 to 4094 in twelve black or white fields; all black says nothing."""
    bits = [(number + 1) >> bit & 1 for bit in range(COLUMNS * ROWS)]
    width, height = size
    fields = np.array(bits, np.uint8).reshape(ROWS, COLUMNS) * 200 + 16
    rows = np.arange(height) * ROWS // height
    columns = np.arange(width) * COLUMNS // width
    return fields[rows][:, columns]


def number_in(luma: np.ndarray) -> int | None:
    """The number in a picture; ``None`` where it is black."""
    height, width = luma.shape
    value = 0
    for bit in range(COLUMNS * ROWS):
        row, column = divmod(bit, COLUMNS)
        field = luma[
            height * (4 * row + 1) // (4 * ROWS) : height * (4 * row + 3) // (4 * ROWS),
            width * (4 * column + 1) // (4 * COLUMNS) : width * (4 * column + 3) // (4 * COLUMNS),
        ]
        value |= int(field.mean() > 110) << bit
    return value - 1 if value else None


def numbers(path: Path, box: tuple[int, int, int, int] | None = None) -> list[int | None]:
    """The number in every frame of a film, in order; ``box`` is left, top, width, height of the picture."""
    found = []
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            luma = np.asarray(frame.to_ndarray())[: frame.height]
            if box is not None:
                left, top, width, height = box
                luma = luma[top : top + height, left : left + width]
            found.append(number_in(luma))
    return found


def frame_of(luma: np.ndarray) -> VideoFrame:
    frame = VideoFrame(luma.shape[1], luma.shape[0], "yuv420p")
    for plane, values in zip(
        frame.planes, (luma, luma[::2, ::2] * 0 + 128, luma[::2, ::2] * 0 + 128), strict=True
    ):
        padded = np.zeros((plane.height, plane.line_size), np.uint8)
        padded[:, : plane.width] = values
        plane.update(padded.tobytes())
    return frame


def movie(
    path: Path,
    frames: int,
    rate: F,
    *,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    timecode: str | None = None,
    times: Sequence[F] | None = None,
    size: tuple[int, int] = SIZE,
    sound: np.ndarray | None = None,
    sound_codec: str = "aac",
    sound_rate: int = 48000,
    turned: int = 0,
) -> Path:
    """A video file; times (multiples of 1/1000 s) make its rate vary; sound is (samples, 2)."""
    time_base = 1 / F(rate) if times is None else F(1, 1000)
    with av.open(str(path), "w") as file:
        if timecode is not None:
            file.metadata["timecode"] = timecode
        video = file.add_stream(codec, rate=rate)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        long_gop = {"g": "250", "bf": "3", "preset": "ultrafast", "x264-params": "scenecut=0"}
        video.codec_context.options = options or (long_gop if codec == "libx264" else {})
        video.codec_context.time_base = time_base
        if turned:
            video.set_display_rotation(turned)
        audio = None
        if sound is not None:
            audio = file.add_stream(sound_codec, rate=sound_rate, layout="stereo")
        for number in range(frames):
            frame = frame_of(pattern(number, size))
            frame.pts = number if times is None else int(times[number] / time_base)
            frame.time_base = time_base
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        if audio is not None and sound is not None:
            wanted = audio.codec_context.format.name if audio.codec_context.format else "fltp"
            to_format = av.AudioResampler(wanted, "stereo", sound_rate)
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sound.T.astype(np.float32)), format="fltp", layout="stereo"
            )
            frame.sample_rate, frame.pts, frame.time_base = sound_rate, 0, F(1, sound_rate)
            for part in to_format.resample(frame):
                file.mux(audio.encode(part))
            file.mux(audio.encode(None))
    return path


def file_source(path: Path, *, start: F | None = None, rate: F | None = None) -> Media:
    """A file as a film uses it; what the timeline counts at its first frame, where it says."""
    return Media(
        path.name,
        str(path),
        MediaTime(start or F(0)),
        None if start is None else F(1000),
        clip_name=path.stem,
        counted_rate=rate,
    )


def sequence_source(folder: Path, *, start_number: int = 1, rate: F | None = None) -> Media:
    numbering = ImageSequence("shot.", ".png", start_number, 1, 4)
    return Media("", str(folder), sequence=numbering, clip_name="shot", counted_rate=rate)


def layer(
    media: Media, media_in: F, speed: F = F(1), opacity_in: F = F(1), opacity_out: F = F(1)
) -> PictureLayer:
    return PictureLayer(media, MediaTime(media_in), speed, opacity_in, opacity_out)


def heard(
    start: F,
    end: F,
    media: Media,
    media_in: F = F(0),
    speed: F = F(1),
    fades: tuple[F, F] = (F(0), F(0)),
) -> SoundSegment:
    return SoundSegment(FilmTime(start), FilmTime(end), media, MediaTime(media_in), speed, *fades)


def film_plan(
    rate: F, *stretches: tuple[int, tuple[PictureLayer, ...]], sound: Sequence[SoundSegment] = ()
) -> ExportPlan:
    """A plan of stretches, each a length in frames and what is seen in it."""
    segments, at = [], 0
    for length, layers in stretches:
        segments.append(PictureSegment(at, at + length, layers))
        at += length
    return ExportPlan(
        name="test",
        rate=rate,
        frames=at,
        picture=tuple(segments),
        sound=tuple(sound),
        film_map=FilmMap(RecordTime(F(0)), F(1), FilmTime(at / rate)),
    )


def placed(plan: ExportPlan) -> dict[Media, Path]:
    return {source: Path(source.url) for source in plan.media}


def packets(path: Path) -> list[tuple[F, bool, bytes]]:
    """Each packet of a film's picture: when, whether a key frame, and what."""
    with av.open(str(path)) as film:
        found = [packet for packet in film.demux(video=0) if packet.pts is not None]
        return [(packet.pts * packet.time_base, packet.is_keyframe, bytes(packet)) for packet in found]

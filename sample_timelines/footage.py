"""The media: what each file shows, how long and at which rate, and how it is written.

Encoders run single-threaded and bit-exact and nothing is stamped with the time of day, so that one machine
makes the same bytes every time. Other machines may have other encoders.
"""

from __future__ import annotations

import wave
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import indoors
import numpy as np
import outdoors
import sounds
from av.codec.context import Flags
from canvas import HEIGHT, WIDTH, Canvas, rgb

FILM, NTSC_FILM, PAL, NTSC = Fraction(24), Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001)

CJK_PICTURE = "媒體 檔案 #1 100%.mp4"
CJK_SOUND = "現場 聲音 'A' 🏮.m4a"

Draw = Callable[[float], Canvas]
Hear = Callable[[float], sounds.Samples]


@dataclass(frozen=True, slots=True)
class Shot:
    """A camera file: a moving scene and its sound.

    Attributes:
        draw: Its picture at a moment, in seconds.
        sound: Its sound of a length, in seconds; ``None`` for a silent file.
        rate: Frames a second.
        frames: Its length.
        timecode: Start timecode, written into the file; empty for a file that has none.
        start: The same as a count of frames since 00:00:00:00.
    """

    draw: Draw
    sound: Hear | None
    rate: Fraction
    frames: int
    timecode: str = ""
    start: int = 0


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound file as long as ``frames`` frames of picture."""

    sound: Hear
    rate: Fraction
    frames: int
    start: int = 0


@dataclass(frozen=True, slots=True)
class Sequence:
    """Numbered JPEGs; ``start`` is the first number."""

    draw: Draw
    rate: Fraction
    frames: int
    start: int


@dataclass(frozen=True, slots=True)
class Still:
    """One PNG with an alpha channel; ``frames`` is the length that an editor gives a still."""

    rate: Fraction
    frames: int
    start: int = 0


Media = Shot | Sound | Sequence | Still

FOOTAGE: dict[str, Media] = {
    "train.mp4": Shot(outdoors.train, sounds.train, FILM, 100),
    "walker.mp4": Shot(outdoors.walker, sounds.walker, FILM, 96),
    "talker.mp4": Shot(indoors.talker, sounds.talker, FILM, 150),
    "clock.mp4": Shot(indoors.clock, sounds.clock, FILM, 84),
    "ball.mp4": Shot(indoors.ball, sounds.ball, FILM, 96),
    "rain.mp4": Shot(indoors.rain, sounds.rain, FILM, 72),
    "fireworks.mp4": Shot(outdoors.fireworks, sounds.fireworks, FILM, 96),
    "A001_drive.mov": Shot(outdoors.drive, sounds.drive, NTSC_FILM, 120, "10:00:00:00", 864_000),
    "A002_shore.mov": Shot(outdoors.shore, sounds.shore, NTSC_FILM, 120, "10:09:58:12", 878_364),
    "B001_balloons.mov": Shot(outdoors.balloons, sounds.balloons, NTSC, 228, "01:58:56;00", 213_866),
    "B002_fireworks.mov": Shot(outdoors.fireworks, sounds.fireworks, NTSC, 228, "02:00:57;10", 217_504),
    "ball_25.mp4": Shot(indoors.ball, sounds.ball, PAL, 125),
    "walker_25.mp4": Shot(outdoors.walker, sounds.walker, PAL, 100),
    "interview_camera.mp4": Shot(indoors.talker, None, PAL, 125),
    "interview_boom.wav": Sound(sounds.interview, PAL, 125),
    "music_44100.wav": Sound(sounds.music, PAL, 140),
    CJK_PICTURE: Shot(outdoors.lanterns, None, PAL, 125),
    CJK_SOUND: Sound(sounds.lanterns, PAL, 125),
    "balloons.####.jpg": Sequence(outdoors.balloons, FILM, 24, 1001),
    "emblem.png": Still(FILM, 120),
}
"""File name → what it holds. ``####`` stands for a sequence's number."""


def write(name: str, folder: Path) -> None:
    """Make one file of the table (or one sequence of files)."""
    path = folder / name
    match FOOTAGE[name]:
        case Shot() as shot:
            _write_shot(path, shot)
        case Sound() as sound if path.suffix == ".wav":
            rate = sounds.MUSIC_RATE if sound.sound is sounds.music else sounds.RATE
            _write_wav(path, _heard(sound.sound, sound), rate)
        case Sound() as sound:
            with _container(path) as container:
                track = _SoundTrack(container, _heard(sound.sound, sound))
                track.encode_until(None)
        case Sequence() as sequence:
            for frame in range(sequence.frames):
                image = sequence.draw(float(frame / sequence.rate)).done()
                half = image.reshape(HEIGHT // 2, 2, WIDTH // 2, 2, 3).mean(axis=(1, 3))
                number = f"{sequence.start + frame:04d}"
                _write_image(folder / name.replace("####", number), np.rint(half).astype(np.uint8))
        case Still():
            _write_image(path, _emblem())


def _heard(hear: Hear, media: Shot | Sound) -> sounds.Samples:
    samples = hear(float(media.frames / media.rate))
    return samples * min(1.0, 0.85 / float(np.abs(samples).max()))


def _container(path: Path) -> av.container.OutputContainer:
    return av.open(str(path), "w", options={"fflags": "+bitexact", "movflags": "+faststart"})


def _write_shot(path: Path, shot: Shot) -> None:
    with _container(path) as container:
        stream = container.add_stream("libx264", rate=shot.rate)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        context = stream.codec_context
        context.time_base = 1 / shot.rate
        context.flags |= Flags.bitexact
        context.thread_count = 1
        context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
        context.color_range = 1
        context.options = {
            "preset": "slow",
            "crf": "24",
            "g": "48",
            "x264-params": "threads=1:lookahead-threads=1",
        }
        if shot.timecode:
            stream.metadata["timecode"] = shot.timecode
        track = None if shot.sound is None else _SoundTrack(container, _heard(shot.sound, shot))
        for number in range(shot.frames):
            seen = av.VideoFrame.from_ndarray(shot.draw(float(number / shot.rate)).done(), "rgb24")
            frame = seen.reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG", interpolation="BICUBIC"
            )
            frame.pts, frame.time_base = number, 1 / shot.rate
            container.mux(stream.encode(frame))
            if track is not None:
                track.encode_until((number + 1) / shot.rate)
        container.mux(stream.encode(None))
        if track is not None:
            track.encode_until(None)


class _SoundTrack:
    """An AAC stream that is written in step with the picture."""

    def __init__(self, container: av.container.OutputContainer, samples: sounds.Samples) -> None:
        self._container = container
        self._samples = np.ascontiguousarray(samples.T, dtype=np.float32)
        self._layout = "stereo" if len(self._samples) == 2 else "mono"
        self._stream = container.add_stream("aac", rate=sounds.RATE, layout=self._layout)
        self._stream.codec_context.bit_rate = 128_000
        self._stream.codec_context.flags |= Flags.bitexact
        self._done = 0

    def encode_until(self, seconds: Fraction | None) -> None:
        """Encode what comes before a moment; ``None`` is all that is left, and the end."""
        total = self._samples.shape[1]
        end = total if seconds is None else min(total, int(seconds * sounds.RATE))
        while self._done < end and (seconds is None or end - self._done >= 1024):
            part = self._samples[:, self._done : min(self._done + 1024, total)]
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), "fltp", self._layout)
            frame.sample_rate, frame.pts, frame.time_base = sounds.RATE, self._done, Fraction(1, sounds.RATE)
            self._container.mux(self._stream.encode(frame))
            self._done += part.shape[1]
        if seconds is None:
            self._container.mux(self._stream.encode(None))


def _write_wav(path: Path, samples: sounds.Samples, rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(samples * 32767).astype("<i2").tobytes())


def _write_image(path: Path, image: np.ndarray) -> None:
    alpha = image.shape[2] == 4
    with av.open(
        str(path), "w", format="image2", options={"update": "1", "fflags": "+bitexact"}
    ) as container:
        stream = container.add_stream("png" if alpha else "mjpeg", rate=1)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "rgba" if alpha else "yuvj420p"
        stream.codec_context.flags |= Flags.bitexact
        stream.codec_context.thread_count = 1
        if not alpha:
            stream.codec_context.flags |= Flags.qscale
            stream.codec_context.global_quality = 5 * 118  # 5 on FFmpeg's scale of 2 (best) to 31
        frame = av.VideoFrame.from_ndarray(image, "rgba" if alpha else "rgb24")
        container.mux(stream.encode(frame.reformat(format=stream.pix_fmt)))
        container.mux(stream.encode(None))


def _emblem() -> np.ndarray:
    """A station's mark in the lower right; all else is transparent."""
    colour, cover = Canvas(rgb("f2b632")), Canvas((0.0, 0.0, 0.0))
    x, y = 556, 290
    colour.disc(x, y, 36, rgb("1d2a4d"))
    colour.disc(x, y - 6, 15, rgb("ffd98a"))
    for peak, height, shade in ((x - 14, 26, "7fa0c4"), (x + 12, 34, "b5cbe0")):
        for row in range(height):
            half = row * 0.62
            colour.stroke(
                peak - half, y + 22 - height + row, peak + half, y + 22 - height + row, 1.4, rgb(shade)
            )
    cover.disc(x, y, 42, (1.0, 1.0, 1.0))
    alpha = np.rint(np.clip(cover.pixels[..., :1], 0, 1) * 255).astype(np.uint8)
    return np.concatenate([np.where(alpha > 0, colour.done(), 0).astype(np.uint8), alpha], axis=2)

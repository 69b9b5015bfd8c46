"""Pictures out of media files: the exact frame for a time, in any order of times."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av

from avm_otio.errors import MediaError
from avm_otio.media.clock import TOLERANCE
from avm_otio.media.containers import (
    FAULTS,
    alpha_stream,
    frames_in,
    opened,
    picture_decoder,
    picture_stream,
    reopened,
)
from avm_otio.media.probe import MediaInfo, VideoInfo
from avm_otio.timeline.model import ImageSequence

EDGE_FRAMES = 2
"""For how many frames before its first and after its last a file holds that frame: what rounding costs."""

_NEAR_S = 2
"""A jump ahead of up to this many seconds is decoded through rather than sought."""

_STEPS_BACK_S = (0, 2, 10)
"""Where to look for a key frame, in seconds before the wanted time, before starting over. A seek goes by
decoding time, so it may land on a key frame that is shown after what was wanted."""

_CHUNK_FRAMES = 32
"""How many frames backwards play keeps: a 4 s GOP is decoded through three times, memory stays small."""

Note = Callable[[str], None]
"""Called with a sentence about something that could not be shown as asked."""


class Pictures(Protocol):
    """One medium's pictures."""

    video: VideoInfo

    @property
    def position(self) -> Fraction | None:
        """The file time shown last; ``None`` where it does not matter."""

    def frame_at(self, time: Fraction, *, backwards: bool = False) -> av.VideoFrame | None:
        """The frame that covers a file time (seconds since the first frame); ``None`` where there is none.

        Args:
            time: File time.
            backwards: Whether it plays backwards: where two frames meet, the one that ends there.

        Raises:
            MediaError: The picture cannot be read.
        """

    def close(self) -> None:
        """Let go of the file."""


def open_pictures(info: MediaInfo, keep_height: int, note: Note) -> Pictures:
    """The pictures of a probed file.

    Args:
        info: What the file is.
        keep_height: Frames that are kept for later need not be taller than this when shown.
        note: Called about damaged or missing pictures.

    Raises:
        MediaError: It has no picture.
    """
    if info.video is None:
        raise MediaError(f"{info.path} has no picture, only sound.", "Use it on an audio track.")
    if info.is_still:
        return _Still(info, info.video)
    return _Movie(info, info.video, keep_height, note)


class _Still:
    position: Fraction | None = None

    def __init__(self, info: MediaInfo, video: VideoInfo) -> None:
        self.video = video
        self._frame = _first_frame(info.path)

    def frame_at(self, time: Fraction, *, backwards: bool = False) -> av.VideoFrame | None:
        return self._frame

    def close(self) -> None:
        pass


class SequencePictures:
    """Numbered images in a folder, ``rate`` of them a second, all as large as ``video`` says."""

    position: Fraction | None = None

    def __init__(self, folder: Path, sequence: ImageSequence, rate: Fraction, video: VideoInfo) -> None:
        self.video = video
        self._folder = folder
        self._sequence = sequence
        self._rate = rate
        self._shown: tuple[int, av.VideoFrame] | None = None

    def frame_at(self, time: Fraction, *, backwards: bool = False) -> av.VideoFrame | None:
        """The image that covers a time; the first one before it."""
        number = image_number(time, self._rate, backwards=backwards)
        if self._shown is None or self._shown[0] != number:
            self._shown = number, _first_frame(self._folder / self._sequence.file_name(number))
        return self._shown[1]

    def close(self) -> None:
        """Nothing is kept open."""


class _Movie:
    """A video file, decoded forward from key frames; times inside are the container's own."""

    def __init__(self, info: MediaInfo, video: VideoInfo, keep_height: int, note: Note) -> None:
        self.video = video
        self._info = info
        self._note = note
        self._keep = min(Fraction(1), Fraction(keep_height, video.height))
        self._frame_s = 1 / video.rate
        self._behind: deque[tuple[Fraction, av.VideoFrame]] = deque(maxlen=2 * _CHUNK_FRAMES)
        self._behind_end = Fraction(0)
        self._damage_noted = False
        self._shown: tuple[Fraction, av.VideoFrame]
        self._next: tuple[Fraction, av.VideoFrame] | None
        self._frames: Iterator[tuple[Fraction, av.VideoFrame]]
        self._start_over()

    @property
    def position(self) -> Fraction | None:
        return self._shown[0] - self._info.zero

    def frame_at(self, time: Fraction, *, backwards: bool = False) -> av.VideoFrame | None:
        time += self._info.zero
        if backwards:
            return self._backward(time)
        self._behind.clear()
        self._go_to(time)
        return self._covering(time, *self._shown, self._end_of_shown())

    def close(self) -> None:
        self._container.close()
        # The frames being decoded refer back to this: without this the decoder's memory, tens of megabytes,
        # would stay until Python looks for such circles.
        self._frames = iter(())
        self._next = None
        self._behind.clear()

    def _go_to(self, time: Fraction) -> None:
        time = max(time, self._info.zero)
        if time + TOLERANCE < self._shown[0]:
            if not self._at_first:
                self._seek(time)
        elif self._is_far_ahead(time):
            self._seek(time)
        while self._next is not None and self._next[0] <= time + TOLERANCE:
            self._advance()

    def _backward(self, time: Fraction) -> av.VideoFrame | None:
        if not self._behind or not self._behind[0][0] < time - TOLERANCE <= self._behind_end:
            self._go_to(time - _CHUNK_FRAMES * self._frame_s)
            self._behind.clear()
            self._behind.append(self._small(self._shown))
            while self._next is not None and self._next[0] < time - TOLERANCE:
                self._advance()
                self._behind.append(self._small(self._shown))
            self._behind_end = self._end_of_shown()
        covering = [held for held in self._behind if held[0] < time - TOLERANCE]
        shown = covering[-1] if covering else self._behind[0]
        return self._covering(time - self._frame_s, *shown, self._behind_end)

    def _covering(
        self, time: Fraction, shown_at: Fraction, frame: av.VideoFrame, end: Fraction
    ) -> av.VideoFrame | None:
        allowed = EDGE_FRAMES * self._frame_s
        if shown_at - time > allowed + TOLERANCE:
            self._note(f"{self._info.path.name} is used before its first frame: black there.")
            return None
        if time - end >= allowed - TOLERANCE and self._next is None:
            self._note(f"{self._info.path.name} is used beyond its last frame: black there.")
            return None
        return frame

    def _end_of_shown(self) -> Fraction:
        return self._next[0] if self._next is not None else self._shown[0] + self._frame_s

    def _small(self, timed: tuple[Fraction, av.VideoFrame]) -> tuple[Fraction, av.VideoFrame]:
        at, frame = timed
        if self._keep == 1:
            return timed
        width, height = (max(2, math.ceil(side * self._keep / 2) * 2) for side in (frame.width, frame.height))
        return at, frame.reformat(width=width, height=height, interpolation="BICUBIC")

    def _is_far_ahead(self, time: Fraction) -> bool:
        if time - self._shown[0] <= _NEAR_S or self._next is None:
            return False
        index = self._stream.index_entries
        if not self._info.container.startswith("mov") or not len(index):
            return True
        key = index.search_timestamp(self._ticks(time))
        return key < 0 or index[key].timestamp > self._ticks(self._shown[0])

    def _ticks(self, time: Fraction) -> int:
        return math.floor((time + TOLERANCE) / (self._stream.time_base or Fraction(1, av.time_base)))

    def _advance(self) -> None:
        assert self._next is not None
        self._shown, self._at_first = self._next, False
        self._next = next(self._frames, None)

    def _seek(self, time: Fraction) -> None:
        for back in _STEPS_BACK_S:
            try:
                self._container.seek(self._ticks(time - back), stream=self._stream)
            except (*FAULTS, OSError):
                continue
            frames = self._decoded(from_key=True)
            first = next(frames, None)
            if first is not None and first[0] <= time + TOLERANCE:
                self._frames, self._shown, self._at_first = frames, first, False
                self._next = next(frames, None)
                return
        self._container.close()
        self._start_over()

    def _start_over(self) -> None:
        self._container = reopened(self._info.path)
        stream = picture_stream(self._container)
        if stream is None:
            raise MediaError(f"{self._info.path} has no picture any more.", "Check what became of it.")
        self._stream = stream
        self._stream.thread_type = "AUTO"
        self._frames = self._decoded(from_key=False)
        first = next(self._frames, None)
        if first is None:
            raise MediaError(
                f"{self._info.path}: none of its pictures decodes.", "Give a whole, readable file."
            )
        self._shown, self._at_first = first, True
        self._next = next(self._frames, None)

    def _decoded(self, *, from_key: bool) -> Iterator[tuple[Fraction, av.VideoFrame]]:
        """Frames with their times, in the order in which they are shown; what does not decode is left out.

        Args:
            from_key: Whether to leave out what comes before a key frame: after a seek it may lack what it
                was made from.
        """
        time_base = self._stream.time_base or Fraction(1, av.time_base)
        usable = not from_key
        at = self._info.zero - self._frame_s
        packets = self._container.demux(self._stream)
        decode = picture_decoder(self._stream)
        while True:
            try:
                packet = next(packets, None)
                frames = [] if packet is None else decode(packet)
            except FAULTS:
                if usable:
                    self._note_damage(at)
                continue  # where it was the reading that failed, the next turn is the end
            for frame in frames:
                usable = usable or frame.key_frame
                at = at + self._frame_s if frame.pts is None else frame.pts * time_base
                if usable and frame.is_corrupt:
                    self._note_damage(at)
                elif usable:
                    yield at, frame
            if packet is None:
                return

    def _note_damage(self, at: Fraction) -> None:
        """Note it once: a damaged stretch has many frames, and backwards play meets them again."""
        if not self._damage_noted:
            self._note(
                f"{self._info.path.name} is damaged, first {float(at - self._info.zero):.2f} s in: "
                "where a frame does not decode, the one before is held."
            )
        self._damage_noted = True


def image_number(time: Fraction, rate: Fraction, *, backwards: bool = False) -> int:
    """Which image of a sequence, counted from 0, covers a time since its first one."""
    if backwards:
        return max(math.ceil((time - TOLERANCE) * rate) - 1, 0)
    return max(math.floor((time + TOLERANCE) * rate), 0)


def _first_frame(path: Path) -> av.VideoFrame:
    if not path.is_file():
        raise MediaError(f"The image {path} is missing.", "Render or copy it again.")
    try:
        with opened(path) as container:
            stream = picture_stream(container)
            beside = alpha_stream(container)
            frame = None if stream is None else _first_of(container, stream)
            if frame is not None:
                return frame if beside is None else _with_alpha(frame, path)
    except MediaError:
        raise
    except (*FAULTS, OSError) as error:
        raise MediaError(f"The image {path} cannot be read.", "Render or copy it again.") from error
    raise MediaError(f"The image {path} holds no picture.", "Render or copy it again.")


def _first_of(container: av.container.InputContainer, stream: av.VideoStream) -> av.VideoFrame | None:
    return next((frame for packet in container.demux(stream) for frame in frames_in(packet)), None)


def _with_alpha(frame: av.VideoFrame, path: Path) -> av.VideoFrame:
    """An AVIF's image with its transparency, which is an image of its own beside it."""
    with opened(path) as container:
        beside = alpha_stream(container)
        mask = None if beside is None else _first_of(container, beside)
    if mask is None:
        return frame
    pixels = frame.to_ndarray(format="rgba")
    pixels[..., 3] = mask.reformat(frame.width, frame.height, "gray").to_ndarray()
    return av.VideoFrame.from_ndarray(pixels, format="rgba")

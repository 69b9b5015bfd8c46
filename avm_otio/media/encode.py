"""Frames, or the packets of a film, and sound become an MP4 file; what makes them runs ahead in threads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Generic, TypeVar

import av
import numpy as np

from avm_otio.media.decode import Samples
from avm_otio.timeline.model import SAMPLE_RATE_HZ

_Item = TypeVar("_Item")

_POLL_S = 0.1
"""How soon a waiting thread notices that it is no longer wanted, and a waiting user Ctrl-C on Windows."""

MP4_OPTIONS = {"movflags": "+faststart"}
"""It plays before all of it is there."""
_BT709 = 1
_LIMITED = 1


class _End(Generic[_Item]):
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


@contextmanager
def read_ahead(items: Generator[_Item, None, None], depth: int) -> Iterator[Iterator[_Item]]:
    """Iterate over ``items`` in a thread, at most ``depth`` of them ahead.

    What goes wrong in the thread is raised here. On leaving the block the thread ends and ``items`` is
    closed, however far it came.
    """
    ready: queue.Queue[_Item | _End[_Item]] = queue.Queue(depth)
    unwanted = threading.Event()

    def put(item: _Item | _End[_Item]) -> bool:
        while not unwanted.is_set():
            try:
                ready.put(item, timeout=_POLL_S)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                if not put(item):
                    break
        except BaseException as raised:
            error = raised
        finally:
            items.close()
        put(_End(error))

    def received() -> Iterator[_Item]:
        while True:
            try:
                item = ready.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield received()
    finally:
        unwanted.set()
        thread.join()


@dataclass(frozen=True, slots=True)
class SoundQuality:
    """How sound is encoded.

    Attributes:
        bits_per_s: AAC's bit rate.
        coder: How FFmpeg's encoder looks for its quantizers: ``twoloop``, or ``fast``, which takes half the
            time and by its manual is no worse from 64 kbit/s on.
        substitutes_noise: Whether noise may become other noise as loud, which saves bits.
    """

    bits_per_s: int = 160_000
    coder: str = "twoloop"
    substitutes_noise: bool = True


FILM_SOUND = SoundQuality()


class SoundTrack:
    """The sound track of a file that is being written, fed in step with its picture."""

    def __init__(
        self, film: av.container.OutputContainer, blocks: Iterator[Samples], quality: SoundQuality
    ) -> None:
        self._film, self._blocks = film, blocks
        options = {"aac_coder": quality.coder} | ({} if quality.substitutes_noise else {"aac_pns": "0"})
        self._stream = film.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="stereo", options=options)
        self._stream.bit_rate = quality.bits_per_s
        self.samples = 0

    def up_to(self, time: Fraction) -> None:
        """Encode what is heard up to a moment, and at most a block more."""
        while self.samples <= time * SAMPLE_RATE_HZ and self._next():
            pass

    def finish(self) -> None:
        """Encode all that is left."""
        while self._next():
            pass
        self._film.mux(self._stream.encode(None))

    def _next(self) -> bool:
        block = next(self._blocks, None)
        if block is None:
            return False
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = (
            SAMPLE_RATE_HZ,
            self.samples,
            Fraction(1, SAMPLE_RATE_HZ),
        )
        self._film.mux(self._stream.encode(frame))
        self.samples += len(block)
        return True


def encode(
    frames: Iterator[av.VideoFrame],
    blocks: Iterator[Samples] | None,
    path: Path,
    *,
    rate: Fraction,
    size: tuple[int, int],
    options: dict[str, str],
    frame_done: Callable[[int], None],
    sound_quality: SoundQuality = FILM_SOUND,
    timecode: str = "",
) -> None:
    """Write an MP4 with H.264 (BT.709, limited range) and AAC.

    Args:
        frames: The picture, yuv420p.
        blocks: The sound, 48 kHz stereo, of any lengths; ``None`` for a film without a sound track.
        path: Where it goes.
        rate: Frames a second, exact.
        size: Width and height in pixels.
        options: x264's.
        frame_done: Called with the number of frames done.
        sound_quality: How the sound is encoded.
        timecode: That of its first frame, for a timecode track; empty for none.

    Raises:
        av.FFmpegError: It cannot be encoded or written.
    """
    with av.open(str(path), "w", format="mp4", options=MP4_OPTIONS) as film:
        video = film.add_stream("libx264", rate=rate, options=options)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        if timecode:
            video.metadata["timecode"] = timecode
        context = video.codec_context
        context.time_base = 1 / rate
        context.thread_type = "AUTO"  # whole frames in parallel, as the ffmpeg program does
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED
        sound = None if blocks is None else SoundTrack(film, blocks, sound_quality)
        for number, frame in enumerate(frames):
            if sound is not None:
                sound.up_to(number / rate)
            frame.pts, frame.time_base, frame.pict_type = number, context.time_base, 0
            film.mux(video.encode(frame))
            frame_done(number + 1)
        film.mux(video.encode(None))
        if sound is not None:
            sound.finish()


def encode_sound(
    blocks: Iterator[Samples],
    path: Path,
    *,
    samples_done: Callable[[int], None],
    sound_quality: SoundQuality = FILM_SOUND,
) -> None:
    """Write an MP4 (or its kin for sound alone, ``.m4a``) with AAC and nothing else; see ``encode``.

    Raises:
        av.FFmpegError: It cannot be encoded or written.
    """
    kind = "ipod" if path.suffix.lower() == ".m4a" else "mp4"
    with av.open(str(path), "w", format=kind, options=MP4_OPTIONS) as film:

        def counted() -> Iterator[Samples]:
            done = 0
            for block in blocks:
                yield block
                done += len(block)
                samples_done(done)

        SoundTrack(film, counted(), sound_quality).finish()

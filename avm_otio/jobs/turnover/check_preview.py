"""The preview of a turnover: its length, its timecode track, and the timecode that is seen in it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av

from avm_otio.errors import MediaError
from avm_otio.jobs.turnover.expected import Complaint, Expected
from avm_otio.media.burnt_in import is_white, read_burnt_in
from avm_otio.media.containers import FAULTS, opened, picture_stream
from avm_otio.media.probe import probe
from avm_otio.timeline.time import format_rate, nearest_frame

_ANEW = "Write the turnover again, or burn the record timecode in again."


def check_preview(expected: Expected, name: str) -> Iterator[Complaint]:
    """Compare a preview with the sequence."""
    path = expected.folder / name
    if not path.is_file():
        return
    sequence = expected.manifest["sequence"]
    try:
        info = probe(path)
        if info.video is None or info.is_still:
            yield Complaint("preview length", name, "It has no moving picture.")
            return
        if info.video.rate != expected.rate:
            rates = format_rate(info.video.rate), format_rate(expected.rate)
            yield Complaint("rate", name, f"It runs at {rates[0]} fps, not at {rates[1]}.")
            return
        if info.video.frames != sequence["frames"]:
            yield Complaint(
                "preview length", name, f"It has {info.video.frames} frames, not {sequence['frames']}."
            )
        sound = info.audio[0] if info.audio else None
        if sound is None:
            yield Complaint("preview length", name, "It has no sound.")
        if info.video.start_timecode != sequence["start_frame"]:
            yield Complaint(
                "preview timecode", name, f"Its timecode track does not start at {sequence['start']}."
            )
        yield from _seen(expected, name)
    except MediaError as error:
        yield Complaint("preview length", name, error.what, error.hint)


def _seen(expected: Expected, name: str) -> Iterator[Complaint]:
    """The timecode that is seen at the head, on the pops, at both ends of the programme, and at the tail."""
    programme, last = expected.manifest["programme"], expected.manifest["sequence"]["frames"] - 1
    pops = {pop.frame: pop.name for pop in expected.pops}
    first = programme["at_frame"]
    wanted = sorted({0, *pops, first, first + programme["frames"] - 1, last})
    with opened(expected.folder / name) as film:
        stream = picture_stream(film)
        if stream is None:
            return
        for number in wanted:
            text = expected.timecode(number)
            frame = _frame(film, stream, number, expected.rate)
            if frame is None:
                continue  # its length is complained of
            found = read_burnt_in(frame, len(text))
            if found != text:
                shown = f"{found} is seen" if found else "no timecode is seen"
                yield Complaint("preview timecode", f"{name}, frame {number}", f"{shown}, not {text}.", _ANEW)
            if number in pops and not is_white(frame):
                yield Complaint("pop", f"{name}, {text}", f"The picture is not white on the {pops[number]}.")


def _frame(
    film: av.container.InputContainer, stream: av.VideoStream, number: int, rate: Fraction
) -> av.VideoFrame | None:
    """A frame by its number; ``None`` where the film is shorter."""
    base = stream.time_base
    if not base:
        return None
    start = stream.start_time or 0
    try:
        film.seek(start + nearest_frame(number / rate, 1 / base), stream=stream)
        for frame in film.decode(stream):
            if frame.pts is None:
                continue
            at = nearest_frame((frame.pts - start) * base, rate)
            if at >= number:
                return frame if at == number else None
    except FAULTS:
        return None
    return None

"""CMX3600 edit decision lists, one for each track.

A list says one track of picture, or one pair of sound tracks, as edits of sources at timecodes; whatever else
there is stands in comments, where editors differ. Choices, and why:

- Reels are ``AX``: files have no tapes, cut-off names would claim that two files are one tape, and OpenShot
  finds nothing else. The clip's name stands in ``FROM CLIP NAME``, the file's in ``SOURCE FILE`` as Avid
  writes it, its path in ``FROM CLIP`` as OTIO's adapter reads it.
- A stereo track is ``AA``: ``A`` is one channel to every reader but OpenShot, which knows only that.
- A track that begins late begins with ``BL``: OTIO's adapter loses a leading gap otherwise.
- Fades are dissolves from and to ``BL``, as a fade is made on tape.
- Gains are ``AUDIO LEVEL AT`` lines at source timecode, as OpenShot reads and writes them.
- More than 999 edits are numbered with six digits throughout, as Avid does [file: ``speed_effects.edl``].
"""

from __future__ import annotations

from fractions import Fraction

from avm_otio.errors import TimelineError
from avm_otio.formats.edl import FORMAT
from avm_otio.formats.edl.list import ListWriter
from avm_otio.formats.format import Files, Target
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import Timeline, TrackKind
from avm_otio.timeline.nests import opened_and_reported
from avm_otio.timeline.time import format_rate, nearest_frame, nominal_rate


def write(timeline: Timeline, target: Target) -> tuple[Files, tuple[Loss, ...]]:
    """A timeline as lists: the first at the target, the others beside it, named after their tracks.

    Raises:
        TimelineError: It has nothing that a list can say; see ``documents``.
    """
    texts, losses = documents(timeline)
    first, *others = texts
    path = target.path
    beside = {path.with_name(f"{path.stem}.{label}{path.suffix}"): texts[label] for label in others}
    return {path: texts[first], **beside}, losses


def documents(timeline: Timeline) -> tuple[dict[str, str], tuple[Loss, ...]]:
    """Write lists.

    A media's own facts (its length, size, sampling rate) are the file's to say and not looked for in a list.

    Args:
        timeline: What to say.

    Returns:
        The lists by their tracks' labels, ``V1``, ``V2`` … from the lowest and ``A1``, ``A2`` … from the top
        (a track without an edit has none, and no label moves for it); and what they do not say.

    Raises:
        TimelineError: Its frames do not fit the two digits that a list has for them, or nothing of it is seen
            or heard.
    """
    if nominal_rate(timeline.rate) > 100:
        raise TimelineError(
            f"A CMX3600 list cannot say {format_rate(timeline.rate)} fps: its frames have two digits.",
            "Write another format, or conform the timeline to 60 fps or less.",
        )
    losses = Losses(timeline)
    _report(timeline, losses)
    timeline = opened_and_reported(timeline, losses)
    markers = timeline.markers
    lists: dict[str, str] = {}
    numbers = {TrackKind.VIDEO: 0, TrackKind.AUDIO: 0}
    for track in timeline.tracks:
        numbers[track.kind] += 1
        label = f"{'V' if track.kind is TrackKind.VIDEO else 'A'}{numbers[track.kind]}"
        made = ListWriter(timeline, track, label, losses.within(timeline))
        text = made.text(markers)
        if text:
            lists[label] = text
            markers = ()
    if not lists:
        raise TimelineError(
            f"Timeline “{timeline.name}” shows and plays nothing: a list of it would be empty.",
            "Switch a track or a clip on, or write .otio.",
        )
    return lists, tuple(losses)


def _report(timeline: Timeline, losses: Losses) -> None:
    """Report what no list says of a timeline, whatever its tracks hold."""
    rate = format_rate(timeline.rate)
    message = f"a list does not say its rate: set its reader to {rate} fps"
    if nominal_rate(timeline.rate) > 30:
        message += "; CMX3600 itself ends at 30"
    losses.add(Feature.RATE, timeline, message)
    if timeline.size:
        width, height = timeline.size
        losses.add(Feature.METADATA, timeline, f"picture size {width} × {height} not written")
    ends: list[Fraction] = [clip.end for clip in timeline.clips()]
    ends += [each.at + each.after for track in timeline.tracks for each in track.transitions]
    hole = timeline.frames - nearest_frame(max(ends, default=Fraction(0)), timeline.rate)
    if hole > 0:
        losses.add(Feature.TIME, timeline, f"{hole} empty frames at its end not written")
    losses.add_unsupported(FORMAT.says, FORMAT.name)

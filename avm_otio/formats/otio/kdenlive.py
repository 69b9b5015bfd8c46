"""OTIO as Kdenlive (25.04 and later) takes it in; its own ``.kdenlive`` says more.

Source of every rule marked [src]: Kdenlive's importer itself (``otioimport.cpp``, from 25.04), read; [run]:
what Kdenlive 26.08.2 made of files, seen in the projects that it saved. It takes clips and markers, fails at
transitions, and knows no gain, speed, link, nest, generator or switch.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from avm_otio.errors import TimeFormatError
from avm_otio.formats.otio.elements import gap
from avm_otio.formats.otio.frames import available_json, in_own_time, is_moved, lay_on_frames, unmeasured
from avm_otio.formats.otio.json_form import Document, is_a, range_json, reference_of, time_json
from avm_otio.formats.otio.metadata import NAMESPACE, VERSION
from avm_otio.formats.otio.write import Lane, document, lanes, without_otio
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.losses import Losses, unsupported
from avm_otio.timeline.model import Clip, Marker, Media, Timeline
from avm_otio.timeline.nests import opened_and_reported
from avm_otio.timeline.time import format_timecode, nearest_frame, parse_timecode
from avm_otio.timeline.urls import is_relative, is_web, plain_path

STUB = "last frame: delete me"
"""Name of the one frame that is laid after the end; see ``_keep_the_last_in_point``."""

_IN_ITS_OWN = ": the .kdenlive file says it"

_IN_ITS_OWN_FILE = (Feature.GAIN, Feature.FADE, Feature.PAN, Feature.SPEED, Feature.LINK)
_UNSUPPORTED = (*_IN_ITS_OWN_FILE, Feature.GENERATOR)


def flavoured(timeline: Timeline, folder: Path) -> tuple[Document, tuple[Loss, ...]]:
    """A timeline as Kdenlive takes it in.

    Args:
        timeline: The timeline, its media where they are to be named.
        folder: Where the file will lie: relative paths are meant from here.

    Returns:
        The timeline in OTIO's JSON form, and what that does not say as the timeline does.
    """
    losses = Losses(timeline)
    if any(isinstance(clip.content, Timeline) for clip in timeline.clips()):
        # A nest is passed over [src].
        timeline = without_otio(opened_and_reported(timeline, losses))
        losses = losses.within(timeline)
    rate = timeline.rate
    for loss in unsupported(timeline, _UNSUPPORTED, "kdenlive"):
        hint = _IN_ITS_OWN if loss.feature in _IN_ITS_OWN_FILE else ""
        losses.add(loss.feature, loss.item, loss.message + hint)
    made = document(timeline)
    made["global_start_time"] = time_json(timeline.start_frame, rate)
    if timeline.start_frame:
        what = "its start timecode is not read" + _IN_ITS_OWN
        losses.add(Feature.START, f"Timeline “{timeline.name}”", what)
    stack = made["tracks"]
    used = unmeasured(timeline)
    for lane in lanes(stack, timeline):
        lay_on_frames(lane, rate)
        for item, clip in lane.clips:
            _clip(item, clip, timeline, folder, used, losses)
        _transitions(lane, losses)
        _silence(lane, timeline, losses)
        _keep_the_last_in_point(lane, timeline, losses)
    _marks(stack["markers"], timeline.markers, Fraction(0), Fraction(1), rate)
    if len(timeline.video_tracks) > 1:
        # The order of tracks is OTIO's own in 26.08 [run]; older ones insert the last track first [src].
        what = "Kdenlive before 26.08 stacks its picture tracks upside down"
        losses.add(Feature.TRACK, f"Timeline “{timeline.name}”", what)
    return made, tuple(losses)


def _clip(
    item: Document,
    clip: Clip,
    timeline: Timeline,
    folder: Path,
    used: dict[Media, tuple[Fraction, Fraction]],
    losses: Losses,
) -> None:
    """Say where a clip lies and what it plays in the words that are read."""
    rate, name = timeline.rate, timeline.named(clip)
    if is_moved(clip, rate):
        losses.add(Feature.TIME, name, "at the nearest frames")
    head = in_own_time(item, clip, rate)
    media = clip.media
    if media is None:
        return
    _report_channels(clip, media, name, losses)
    start = _counted_start(media, rate)
    span = item["source_range"]
    into = (head - media.start) * rate
    span["start_time"] = time_json(start + into, rate)
    # A marker is put where the clip's range begins, timecode and all, plus its own time [src].
    _marks(item["markers"], clip.markers, -start / rate, clip.speed if clip.speed > 0 else Fraction(1), rate)
    path = plain_path(media.path)
    if media.sequence is not None or not media.is_online or not path or is_web(path):
        what = "numbered images are not read" if media.sequence else "its media are offline"
        losses.add(Feature.MEDIA, name, f"{what}: a hole is left")
        reference = reference_of(item)
        if reference is not None and media.sequence is not None and path and not is_relative(path):
            reference["target_url_base"] = path.rstrip("/") + "/"
        return
    if any(mark in path for mark in "#?%"):
        losses.add(Feature.MEDIA, name, "Kdenlive before 26.08 stumbles over # ? % in its path")
    item["media_references"][item["active_media_reference_key"]] = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "metadata": {},
        "name": media.name,
        "available_range": available_json(media, rate, used),
        "available_image_bounds": None,
        # A plain path: ``file:`` is not understood since 26.08 [src].
        "target_url": str(folder / path) if is_relative(path) else path,
    }


def _report_channels(clip: Clip, media: Media, name: str, losses: Losses) -> None:
    """Report a sound of which only some channels are meant: the importer reads none of it [src]."""
    if not clip.channels or not media.channels:
        return
    streams = media.streams.sounds if media.streams else ()
    first = streams[0][1] if len(streams) > 1 else media.channels
    if clip.channels == tuple(range(first)):
        return
    wanted = ", ".join(str(channel + 1) for channel in clip.channels)
    if len(streams) > 1:
        heard = f"channels 1 to {first}" if first > 1 else "channel 1"
        message = f"Kdenlive plays one stream of a file: {heard}, not {wanted}"
    else:
        message = f"it plays all {first} channels of its file, not {wanted}"
    losses.add(Feature.CHANNELS, name, message)


def _counted_start(media: Media, rate: Fraction) -> Fraction:
    """What the importer takes for the timecode of a file's first frame, in frames of the timeline.

    It reads the file's timecode as text and counts it at the timeline's rate [src], whatever the file's own.
    """
    if not media.start or media.rate in (None, rate):
        return media.start * rate
    assert media.rate is not None
    try:
        text = format_timecode(nearest_frame(media.start, media.rate), media.rate, media.drop_frame)
        return Fraction(parse_timecode(text, rate))
    except TimeFormatError:
        return media.start * rate


def _marks(
    markers: list[Document], stated: tuple[Marker, ...], origin: Fraction, scale: Fraction, rate: Fraction
) -> None:
    """Only the comment of a marker is read [src], and times in frames of the timeline."""
    if len(markers) != len(stated):
        return
    for marker, one in zip(markers, stated, strict=True):
        marker["comment"] = ": ".join(part for part in (one.name, one.comment) if part)
        frames = max(Fraction(1), one.duration * scale * rate)
        marker["marked_range"] = range_json((origin + one.start * scale) * rate, frames, rate)


def _transitions(lane: Lane, losses: Losses) -> None:
    """Take them out: a mix is refused, and the clip after it plays from the first frame of its file [run].

    The importer asks for the mix before the slip is taken over (see ``_keep_the_last_in_point``), so it
    finds no media before the clip's head to mix with, and the slip is gone with what it undoes.
    """
    if not is_a(lane.member, "Track"):
        return
    children = lane.member["children"]
    message = "left out, since Kdenlive would lose the in-point of the clip after it" + _IN_ITS_OWN
    for child in children:
        if is_a(child, "Transition"):
            losses.add(Feature.TRANSITION, f"“{child['name']}” on track “{lane.track.name}”", message)
    lane.member["children"] = [child for child in children if not is_a(child, "Transition")]


def _silence(lane: Lane, timeline: Timeline, losses: Losses) -> None:
    """Leave out what is switched off: it would play, since no switch is read [src]."""
    if not is_a(lane.member, "Track"):
        return
    off = {id(item): clip for item, clip in lane.clips if not (clip.enabled and lane.track.enabled)}
    if not off:
        return
    for clip in off.values():
        message = "it is switched off and left out, since Kdenlive would play it" + _IN_ITS_OWN
        losses.add(Feature.DISABLED, timeline.named(clip), message)
    children = lane.member["children"]
    kept: list[Document] = []
    for child in children:
        if id(child) in off:
            length = child["source_range"]["duration"]["value"]
            kept.append(gap(round(length), timeline.rate))
        else:
            kept.append(child)
    lane.member["children"] = kept


def _keep_the_last_in_point(lane: Lane, timeline: Timeline, losses: Losses) -> None:
    """Lay one frame after the end of the timeline on a track whose last clip does not begin with its media.

    The importer puts a clip in whole, cuts it, and then slips it; the slip is taken over only when something
    else is put on the track [src], so the last clip of each plays from the first frame of its file [run]. One
    frame more, whose own in-point is 0, and it does not [run].
    """
    member, rate = lane.member, timeline.rate
    if not is_a(member, "Track"):
        return
    there = {id(child) for child in member["children"]}
    heard = [
        (item, clip)
        for item, clip in lane.clips
        if id(item) in there and is_a(reference_of(item) or item, "ExternalReference")
    ]
    if not heard:
        return
    item, clip = heard[-1]
    media = clip.media
    assert media is not None
    if clip.media_start == media.start:
        return
    lengths = (round(child["source_range"]["duration"]["value"]) for child in member["children"])
    hole = max(timeline.frames - sum(lengths), 0)
    if hole:
        member["children"].append(gap(hole, rate))
    stub = item | {
        "name": STUB,
        "effects": [],
        "markers": [],
        "metadata": {NAMESPACE: {"version": VERSION}},
        "source_range": range_json(_counted_start(media, rate), 1, rate),
    }
    member["children"].append(stub)
    message = (
        "one frame laid after its end, to be deleted: without it Kdenlive loses the last clip's in-point"
    )
    losses.add(Feature.TRACK, f"Track “{lane.track.name}”", message)

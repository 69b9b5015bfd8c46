"""The sound of FCPXML's clips: what an element sets for a whole clip, of its roles and of its components."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from xml.etree.ElementTree import Element

from avm_otio.formats.fcpxml.elements import (
    References,
    Volume,
    number_at,
    numbers_in,
    pan_of,
    time_at,
    volume_of,
)
from avm_otio.formats.fcpxml.place import Around, Piece, Place, is_of_role, louder
from avm_otio.timeline.model import Clip, Timeline, TrackKind
from avm_otio.timeline.time import MediaTime, RecordTime

Span = tuple[Fraction, Fraction]
"""From where to where, record time."""

_READ = ("adjust-volume", "mute")
"""What of a component's settings a clip has a place for, beside its pan."""

_SIDES = {"L": -1.0, "R": 1.0}
"""The pan of a component whose one channel is sent to one side [off]."""


@dataclass(frozen=True, slots=True)
class Nest:
    """What a compound or multicam clip refers to.

    Attributes:
        timeline: It.
        begin: The local time at which it begins.
        roles: The role of each of its sound tracks.
    """

    timeline: Timeline
    begin: Fraction
    roles: tuple[str, ...]


def components(
    element: Element, clip: Clip, local: Place, nest: Nest | None, references: References
) -> list[tuple[Clip, str]]:
    """The sound of a clip: one piece, or one for each of its components that sounds by itself.

    Args:
        element: The clip.
        clip: All of its sound, with its markers and what is kept of it.
        local: Its local time.
        nest: What it refers to; ``None`` for media and generators.
        references: The document's resources; what cannot be read is counted in their notes.

    Returns:
        Each piece with its role; markers, and what is kept, stay on the first.
    """
    edges = (clip.start, clip.end)
    whole = louder(clip, volume_of(element), local, edges)
    role = element.get("audioRole", "") or element.get("role", "")
    if nest is not None:
        parts = _of_nest(element, whole, nest, local, references)
    elif element.tag == "audio":
        parts = [(replace(whole, channels=_channels(element, clip, references)), role)]
    else:
        media = clip.media
        every = tuple(range(media.channels if media is not None else 2))
        parts = []
        for source in _sources(element):
            _pass_over(source, references)
            part = louder(
                replace(whole, channels=numbers_in(source.get("srcCh", "")) or every),
                volume_of(source),
                local,
                edges,
            )
            parts.append((_sided(part, source), str(source.get("role") or role)))
        parts = parts or [(replace(whole, channels=every), role)]
    return parts[:1] + [(replace(part, markers=(), kept=()), its_role) for part, its_role in parts[1:]]


def parted_by_channels(
    element: Element, pieces: list[Piece], local: Place, edges: Span, references: References
) -> list[Piece]:
    """Part the sound of a clip by what it says of its channels, which count through all that it holds.

    Args:
        element: The clip.
        pieces: What was found in it, seen and heard.
        local: Its local time.
        edges: Record times between which it is heard.
        references: The document's resources; what cannot be read is counted in their notes.

    Returns:
        The pieces that are seen, then those that are heard.
    """
    sources = _sources(element)
    if not sources:
        return pieces
    sounds = [piece for piece in pieces if piece.kind is TrackKind.AUDIO]
    spans = {(piece.clip.start, piece.clip.end) for piece in sounds}
    counted: list[Piece] = []
    first = 0
    for piece in sounds:
        # Parts that follow each other have the same channels; parts that sound at once have more.
        offset = first if len(spans) == 1 else 0
        first += len(piece.clip.channels)
        for source in sources:
            asked = numbers_in(source.get("srcCh", ""))
            channels = tuple(
                channel for at, channel in enumerate(piece.clip.channels, offset) if not asked or at in asked
            )
            if channels:
                clip = louder(replace(piece.clip, channels=channels), volume_of(source), local, edges)
                clip = _sided(clip, source)
                role = str(source.get("role") or piece.role)
                counted.append(replace(piece, clip=clip, role=role))
    for source in sources:
        _pass_over(source, references)
    seen = [piece for piece in pieces if piece.kind is not TrackKind.AUDIO]
    return seen + counted


def set_by_roles(
    element: Element, part: str, local: Place, edges: Span, references: References
) -> tuple[Around, ...]:
    """What a synchronised clip says of the roles of the sound in it.

    Args:
        element: The clip.
        part: ``storyline`` or ``connected``: of what lies in its storyline, or is connected to that.
        local: The clip's local time, in which its key frames are.
        edges: Record times between which it is heard, where its fades lie.
        references: The document's resources; what cannot be read is counted in their notes.
    """
    sources = [
        source
        for holder in element.iterfind("sync-source")
        if holder.get("sourceID", part) == part
        for source in holder.iterfind("audio-role-source")
    ]
    for source in sources:
        _pass_over(source, references)
    return tuple(
        Around(volume_of(source), local, edges, source.get("role", ""), source) for source in sources
    )


def heard_of(element: Element, local: Place, span: Span, pace: Fraction) -> Span | None:
    """From where to where a clip is heard whose sound is split from its picture; ``None`` where it is not."""
    if element.get("audioStart") is None and element.get("audioDuration") is None:
        return None
    begin = local.at(time_at(element, "audioStart", local.origin))
    length = time_at(element, "audioDuration", Fraction(-1))
    end = begin + (length * pace if length >= 0 else (span[1] - span[0]) * (1 if pace > 0 else -1))
    return (min(begin, end), max(begin, end)) if begin != end else None


def moved(clip: Clip, span: Span) -> Clip:
    """A clip whose edges lie elsewhere, in sync as before."""
    shift = span[0] - clip.start
    return replace(
        clip,
        start=RecordTime(span[0]),
        end=RecordTime(span[1]),
        media_in=MediaTime(clip.media_in + shift * clip.speed),
        markers=tuple(replace(marker, start=marker.start - shift) for marker in clip.markers),
    )


def _channels(element: Element, clip: Clip, references: References) -> tuple[int, ...]:
    """The channels of an ``audio`` element: of which source of its asset, and which of that."""
    asset = references.element(element.get("ref"), "asset")
    each = number_at(asset, "audioChannels") if asset is not None else 0
    first = (max(1, number_at(element, "srcID")) - 1) * each
    media = clip.media
    available = media.channels if media is not None else 2
    chosen = numbers_in(element.get("srcCh", ""))
    if chosen:
        return tuple(first + number for number in chosen)
    if element.get("srcID") is not None and each and first + each <= available:
        return tuple(range(first, first + each))
    return tuple(range(available))


def _of_nest(
    element: Element, clip: Clip, nest: Nest, local: Place, references: References
) -> list[tuple[Clip, str]]:
    """The sound of a nest: one piece, or one for each of its roles that is set otherwise."""
    holders = [element] if element.tag == "ref-clip" else element.findall("mc-source")
    sources = [
        source
        for holder in holders
        if holder.get("srcEnable", "all") in ("all", "audio")
        for source in holder.iterfind("audio-role-source")
    ]
    edges = (clip.start, clip.end)
    role = element.get("audioRole", "") or element.get("role", "")
    every = (0, 1)
    clip = replace(clip, channels=every)
    if not sources:
        return [(clip, role)]
    set_by: dict[Volume, list[int]] = {}
    for source in sources:
        _pass_over(source, references)
    for index, its_role in enumerate(nest.roles):
        meant = [volume_of(source) for source in sources if is_of_role(its_role, source.get("role", ""))]
        set_by.setdefault(meant[0] if meant else Volume(), []).append(index)
    if len(set_by) == 1:
        return [(louder(clip, volume, local, edges), role) for volume in set_by]
    made = []
    for volume, indices in set_by.items():
        sounds = [nest.timeline.audio_tracks[index] for index in indices]
        part = replace(clip, content=replace(nest.timeline, tracks=tuple(sounds)))
        made.append((louder(part, volume, local, edges), nest.roles[indices[0]]))
    return made


def _pass_over(source: Element, references: References) -> None:
    """Count settings of a component of sound for which a clip has no place."""
    for child in source:
        is_read = pan_of(child) is not None if child.tag == "adjust-panner" else child.tag in _READ
        if not is_read:
            references.notes[f"{child.tag} of parts of a clip's sound left out"] += 1


def _sided(clip: Clip, source: Element) -> Clip:
    """A component of one channel on the side to which it is sent."""
    pan = _SIDES.get(source.get("outCh", "").strip())
    if pan is None or len(clip.channels) != 1:
        return clip
    return replace(clip, mix=replace(clip.mix, pan=pan))


def _sources(element: Element) -> list[Element]:
    """The components of a clip's sound that are used."""
    return [source for source in element.iterfind("audio-channel-source") if source.get("active") != "0"]

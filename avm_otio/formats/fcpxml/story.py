"""The story of an FCPXML sequence, walked: each clip that is seen or heard, at its record time.

What stands inside a clip counts in that clip's local time. What it contains (lane 0) is cut off at its edges;
what is connected to it (any other lane) is not [file].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from xml.etree.ElementTree import Element

from avm_otio.errors import TimelineError
from avm_otio.formats.fcpxml import FORMAT
from avm_otio.formats.fcpxml.elements import (
    Clock,
    References,
    Volume,
    clock_of,
    color_of,
    kept_of,
    numbers_in,
    text_with_effects,
    time_at,
    volume_of,
)
from avm_otio.formats.fcpxml.inside import KEPT_TAGS
from avm_otio.formats.fcpxml.place import Crossing, Piece, Place, lane_of, mix_of, overlap, within
from avm_otio.formats.fcpxml.terms import CROSS_DISSOLVE
from avm_otio.timeline.model import (
    Clip,
    Generator,
    Kept,
    Marker,
    Media,
    Timeline,
    TrackKind,
    Transition,
)
from avm_otio.timeline.parts import trimmed
from avm_otio.timeline.time import MediaTime, RecordTime, to_micros

STORY = ("asset-clip", "clip", "sync-clip", "ref-clip", "mc-clip", "video", "audio", "title")
"""Elements that are clips."""

_MARKERS = ("marker", "chapter-marker")
_OWN_PLACE = ("name", "lane", "offset", "start", "duration", "enabled")

_DEEPEST = 60
"""How many clips may stand in each other: real files have six."""


NestOf = Callable[[Element], tuple[Timeline, Fraction] | None]
"""Element → what it nests, and the local time at which that begins."""


@dataclass(slots=True)
class Story:
    """What was found in a sequence.

    Attributes:
        known: The document's resources.
        rate: The sequence's.
        nest_of: Reads what a clip refers to.
        pieces: The clips.
        crossings: The transitions.
        markers: Markers on gaps: the timeline's own.
    """

    references: References
    rate: Fraction
    nest_of: NestOf
    pieces: list[Piece] = field(default_factory=list)
    crossings: list[Crossing] = field(default_factory=list)
    markers: list[Marker] = field(default_factory=list)
    _links: int = 0

    def spine(self, spine: Element, place: Place) -> None:
        """Walk elements that follow each other."""
        children = [child for child in spine if child.tag in (*STORY, "gap", "audition", "transition")]
        at = place.origin
        edges: list[tuple[Fraction, Fraction, bool]] = []
        crossing: list[Element] = []
        for child in children:
            if child.tag == "transition":
                crossing.append(child)
                continue
            offset = time_at(child, "offset", at)
            begin = len(self.pieces)
            length = self.clip(child, place, offset)
            seen = any(
                piece.kind is TrackKind.VIDEO and piece.lane == place.lane for piece in self.pieces[begin:]
            )
            if child.tag != "gap":
                edges.append((place.at(offset), place.at(offset + length), seen))
            at = offset + length
        for element in crossing:
            self._transition(element, place, edges)

    def _transition(
        self, element: Element, place: Place, edges: list[tuple[Fraction, Fraction, bool]]
    ) -> None:
        begin = place.at(time_at(element, "offset"))
        end = begin + time_at(element, "duration") * place.pace
        cuts = [(edge, seen) for head, tail, seen in edges for edge in (head, tail) if begin <= edge <= end]
        if not cuts:
            self.references.notes["transitions at no cut left out"] += 1
            return
        middle = (begin + end) / 2
        at, _ = min(cuts, key=lambda cut: abs(cut[0] - middle))
        is_seen = any(seen for edge, seen in cuts if edge == at)
        filters = [child for child in element if child.tag in ("filter-video", "filter-audio")]
        effects = {
            found.get("uid")
            for filter_ in filters
            if filter_.tag == "filter-video"
            and (found := self.references.element(filter_.get("ref"), "effect")) is not None
        }
        plain = effects <= {CROSS_DISSOLVE}
        kept = (
            () if plain else (Kept(FORMAT.name, "transition", text_with_effects(filters, self.references)),)
        )
        transition = Transition(
            name=element.get("name", ""),
            at=RecordTime(at),
            before=at - begin,
            after=end - at,
            kind="SMPTE_Dissolve" if plain else "Custom_Transition",
            kept=kept,
        )
        kind = TrackKind.VIDEO if is_seen else TrackKind.AUDIO
        self.crossings.append(Crossing(place.lane, kind, transition))

    def clip(self, element: Element, place: Place, offset: Fraction) -> Fraction:
        """Walk one clip or gap; its length, in its parent's time."""
        if place.depth > _DEEPEST:
            raise TimelineError(f"The project nests clips more than {_DEEPEST} deep.", "Export it again.")
        if element.tag == "audition":
            return self._audition(element, place, offset)
        media = self._media(element)
        start = time_at(element, "start", self._first(element, media))
        length = time_at(element, "duration", Fraction(-1))
        if length < 0:
            end = media.end if media is not None else None
            length = max(Fraction(0), end - start) if end is not None else Fraction(0)
        clock = clock_of(element, start, length, self.rate, self.references.notes)
        head = place.at(offset)
        connected = replace(
            place,
            record=head,
            origin=start,
            stretch=place.pace * clock.stretch,
            depth=place.depth + 1,
            name="",
        )
        tail = head + length * place.pace
        lane = place.lane + lane_of(element)
        if element.tag == "gap":
            self.markers += self._markers(element, connected, head, tail)
            inner = [child for child in element if child.tag in STORY and not lane_of(child)]
            for child in inner:
                self.clip(child, connected, time_at(child, "offset"))
        elif element.tag in ("clip", "sync-clip"):
            self._container(element, replace(place, lane=lane), connected, clock, head, tail)
        else:
            self._emit(element, replace(place, lane=lane), clock, head, tail, media)
        self._connected(element, replace(connected, lane=lane))
        return length

    def _connected(self, element: Element, place: Place) -> None:
        for child in element:
            if child.tag == "spine" and (lane_of(child) or element.tag not in ("clip", "sync-clip")):
                lane = place.lane + lane_of(child)
                self.spine(child, replace(within(place, child), lane=lane))
            elif lane_of(child) and child.tag in (*STORY, "audition"):
                self.clip(child, place, time_at(child, "offset"))
            elif child.tag == "caption":
                self.references.notes["captions left out"] += 1

    def _audition(self, element: Element, place: Place, offset: Fraction) -> Fraction:
        options = [child for child in element if child.tag in STORY]
        if not options:
            return Fraction(0)
        if len(options) > 1:
            self.references.notes["alternatives of auditions left out"] += len(options) - 1
        shown = replace(place, lane=place.lane + lane_of(element))
        return self.clip(options[0], shown, offset)

    def _media(self, element: Element) -> Media | None:
        if element.tag not in ("asset-clip", "video", "audio"):
            return None
        return self.references.media(element.get("ref", ""), element.get("tcFormat") == "DF")

    def _first(self, element: Element, media: Media | None) -> Fraction:
        """A clip's local time where it does not say: 0 [off], or where what it shows begins."""
        if media is not None:
            return Fraction(media.start)
        nest = self.nest_of(element) if element.tag in ("ref-clip", "mc-clip") else None
        return nest[1] if nest is not None else Fraction(0)

    # Containers

    def _container(
        self, element: Element, place: Place, connected: Place, clock: Clock, head: Fraction, tail: Fraction
    ) -> None:
        window = overlap(place.window, (head, tail))
        if window is None:
            return
        speed = clock.speed
        if speed <= 0:
            self.references.notes["clips of clips that stand or run backwards are read forwards"] += 1
            speed = Fraction(1)
        volume = volume_of(element)
        if volume.keys:
            self.references.notes["gain key frames of clips of clips left out"] += 1
        link = place.link
        if link is None:
            self._links += 1
            link = self._links
        off = frozenset(
            source.get("role", "")
            for source in element.iterfind("sync-source/audio-role-source")
            if source.get("enabled") == "0" or source.get("active") == "0"
        )
        inside = replace(
            connected,
            lane=place.lane,
            origin=clock.content,
            stretch=connected.stretch / speed,
            pace=connected.stretch / speed,
            window=window,
            gain_db=place.gain_db + volume.gain_db,
            enabled=place.enabled and element.get("enabled") != "0",
            muted=place.muted | off,
            link=link,
            name=place.name or element.get("name", ""),
        )
        begin = len(self.pieces)
        for child in element:
            if child.tag in (*STORY, "gap", "audition") and not lane_of(child):
                self.clip(child, inside, time_at(child, "offset"))
            elif child.tag == "spine" and not lane_of(child):
                self.spine(child, within(inside, child))
        self._finish(element, begin, window, volume, connected)

    def _finish(
        self, element: Element, begin: int, window: tuple[Fraction, Fraction], volume: Volume, local: Place
    ) -> None:
        """Put on the parts of a clip what the whole clip says: fades, channels, markers."""
        made = self.pieces[begin:]
        sources = _sources(element)
        for at, piece in enumerate(made):
            clip = piece.clip
            if piece.kind is TrackKind.AUDIO:
                mix = clip.mix
                if clip.start == window[0] and volume.fade_in:
                    mix = replace(mix, fade_in_us=to_micros(volume.fade_in))
                if clip.end == window[1] and volume.fade_out:
                    mix = replace(mix, fade_out_us=to_micros(volume.fade_out))
                piece = replace(piece, clip=replace(clip, mix=mix))
                if len(sources) == 1 and sources[0].get("role"):
                    piece = replace(piece, role=sources[0].get("role", ""))
                made[at] = piece
        if made:
            first = made[0].clip
            marks = tuple(
                replace(marker, start=marker.start - first.start)
                for marker in self._markers(element, local, *window)
            )
            kept = tuple(kept_of(element, self.references))
            made[0] = replace(
                made[0], clip=replace(first, markers=first.markers + marks, kept=first.kept + kept)
            )
        self.pieces[begin:] = made

    # Clips

    def _emit(
        self,
        element: Element,
        place: Place,
        clock: Clock,
        head: Fraction,
        tail: Fraction,
        media: Media | None,
    ) -> None:
        window = overlap(place.window, (head, tail))
        if window is None:
            return
        content, origin = self._content(element, media)
        if content is None:
            self.references.notes[f"{element.tag} elements that refer to nothing left out"] += 1
            return
        seen, heard = _parts(element, content)
        local = replace(place, record=head, origin=clock.start, stretch=place.pace * clock.stretch)
        link = place.link
        if seen and heard and link is None:
            self._links += 1
            link = self._links
        enabled = place.enabled and element.get("enabled") != "0"
        plain = Clip(
            name=place.name or element.get("name") or content.name,
            start=RecordTime(head),
            end=RecordTime(tail),
            content=content,
            media_in=MediaTime(clock.content - origin),
            speed=clock.speed / local.stretch if not isinstance(content, Generator) else Fraction(1),
            enabled=enabled,
            link=link,
        )
        if isinstance(content, Generator):
            plain = replace(plain, media_in=MediaTime(Fraction(0)), kept=(self._generator(element),))
        marks = tuple(
            replace(marker, start=marker.start - head) for marker in self._markers(element, local, head, tail)
        )
        kept = plain.kept or tuple(kept_of(element, self.references))
        if seen:
            self._add(replace(plain, markers=marks, kept=kept), window, place.lane, TrackKind.VIDEO, "")
        if heard:
            if not seen:
                plain = replace(plain, markers=marks, kept=kept)
            self._sounds(element, plain, local, window, place)

    def _content(
        self, element: Element, media: Media | None
    ) -> tuple[Media | Timeline | Generator | None, Fraction]:
        """What a clip shows, and the local time at which that begins."""
        if media is not None:
            return media, Fraction(0)
        if element.tag in ("ref-clip", "mc-clip"):
            found = self.nest_of(element)
            return found if found is not None else (None, Fraction(0))
        effect = self.references.element(element.get("ref"), "effect")
        if element.tag == "title" or effect is not None:
            name = effect.get("name", "") if effect is not None else element.get("name", "")
            return Generator(name, "title" if element.tag == "title" else "generator"), Fraction(0)
        return None, Fraction(0)

    def _generator(self, element: Element) -> Kept:
        """A title or generator as it stood there, without what our own clip says."""
        shell = Element(element.tag, {k: v for k, v in element.attrib.items() if k not in _OWN_PLACE})
        allowed = ("param", "text", "text-style-def", "metadata", *KEPT_TAGS)
        shell.extend(
            [child for child in element if child.tag in allowed and child.tag not in ("keyword", "rating")]
        )
        return Kept(FORMAT.name, element.tag, text_with_effects([shell], self.references))

    def _sounds(
        self, element: Element, clip: Clip, local: Place, window: tuple[Fraction, Fraction], place: Place
    ) -> None:
        """The sound of a clip: one piece, or one for each of its components that sounds by itself."""
        head = clip.start
        if element.get("audioStart") is not None or element.get("audioDuration") is not None:
            begins = local.at(time_at(element, "audioStart", local.origin))
            length = time_at(element, "audioDuration", clip.duration) * place.pace
            if clip.speed > 0 and length > 0:
                shift = begins - head
                clip = replace(
                    clip,
                    start=RecordTime(begins),
                    end=RecordTime(begins + length),
                    media_in=MediaTime(clip.media_in + shift * clip.speed),
                    markers=tuple(replace(marker, start=marker.start - shift) for marker in clip.markers),
                )
                if window == (head, head + clip.duration) or place.window is None:
                    window = (clip.start, clip.end)
        role = element.get("audioRole", "") or element.get("role", "")
        available = clip.content.channels if isinstance(clip.content, Media) else 2
        chosen = numbers_in(element.get("srcCh", "")) if element.tag == "audio" else ()
        sources: list[Element | None] = list(_sources(element)) if element.tag == "asset-clip" else []
        volume = volume_of(element)
        for source in sources or [None]:
            channels, own, is_on = chosen or tuple(range(available)), Volume(), True
            here = role
            if source is not None:
                channels = numbers_in(source.get("srcCh", "")) or channels
                own, is_on = volume_of(source), source.get("enabled") != "0"
                here = str(source.get("role") or role)
                if source.find("mute") is not None:
                    self.references.notes["muted ranges left out"] += 1
            heard = replace(
                clip,
                channels=channels,
                enabled=clip.enabled and is_on and here not in place.muted,
                mix=mix_of(volume, own, local, clip, place.gain_db),
            )
            self._add(heard, window, place.lane, TrackKind.AUDIO, here)
            clip = replace(clip, markers=(), kept=())

    def _add(
        self, clip: Clip, window: tuple[Fraction, Fraction], lane: int, kind: TrackKind, role: str
    ) -> None:
        span = overlap((clip.start, clip.end), window)
        span = overlap(span, (Fraction(0), span[1])) if span is not None and span[1] > 0 else None
        if span is not None:
            self.pieces.append(Piece(lane, kind, role, trimmed(clip, *span)))

    def _markers(self, element: Element, local: Place, head: Fraction, tail: Fraction) -> Iterator[Marker]:
        """The markers of a clip that lie in it, in record time."""
        for child in element:
            if child.tag not in _MARKERS:
                continue
            at = local.at(time_at(child, "start"))
            if not head <= at < tail:
                self.references.notes["markers outside of their clips left out"] += 1
                continue
            length = time_at(child, "duration") * local.stretch
            yield Marker(
                name=child.get("value", ""),
                start=at,
                duration=length if length > 1 / self.rate else Fraction(0),
                comment=child.get("note", ""),
                color=color_of(child),
            )


def _sources(element: Element) -> list[Element]:
    """The components of a clip's sound that are used."""
    return [source for source in element.iterfind("audio-channel-source") if source.get("active") != "0"]


def _parts(element: Element, content: Media | Timeline | Generator) -> tuple[bool, bool]:
    """Whether a clip is seen, and whether it is heard."""
    if isinstance(content, Generator):
        return element.tag != "audio", element.tag == "audio"
    if isinstance(content, Timeline):
        seen, heard = bool(content.video_tracks), bool(content.audio_tracks)
    else:
        seen, heard = content.has_picture, content.channels > 0
    wanted = {"video": "video", "audio": "audio"}.get(element.tag, element.get("srcEnable", "all"))
    return seen and wanted in ("all", "video"), heard and wanted in ("all", "audio")


def elements_of(parent: Element) -> Iterable[Element]:
    """The clips that stand in an event."""
    return (child for child in parent if child.tag in (*STORY, "audition"))

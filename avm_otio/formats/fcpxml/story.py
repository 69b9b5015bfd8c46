"""The story of an FCPXML sequence, walked: each clip that is seen or heard, at its record time.

What stands inside a clip counts in that clip's local time. What it contains (lane 0) is cut off at its edges;
what is connected to it (any other lane) is not [file].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor
from xml.etree.ElementTree import Element

from avm_otio.errors import TimelineError
from avm_otio.formats.fcpxml import FORMAT
from avm_otio.formats.fcpxml.elements import (
    Clock,
    References,
    clock_of,
    color_of,
    kept_of,
    text_with_effects,
    time_at,
    volume_of,
)
from avm_otio.formats.fcpxml.inside import KEPT_TAGS
from avm_otio.formats.fcpxml.place import (
    Around,
    Crossing,
    Piece,
    Place,
    is_of_role,
    lane_of,
    louder,
    overlap,
    within,
)
from avm_otio.formats.fcpxml.sounds import (
    Nest,
    components,
    heard_of,
    moved,
    parted_by_channels,
    set_by_roles,
)
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
from avm_otio.timeline.time import MediaTime, RecordTime

STORY = ("asset-clip", "clip", "sync-clip", "ref-clip", "mc-clip", "video", "audio", "title")
"""Elements that are clips."""

_MARKERS = ("marker", "chapter-marker")
_HOUR = Fraction(3600)
_COMPONENTS = ("video", "audio")
"""Elements that are parts of a clip's media wherever they stand within it, connected to one another, too."""

_OWN_PLACE = ("name", "lane", "offset", "start", "duration", "enabled")

_NOTHING = (Fraction(-1), Fraction(-1))
"""A window in which nothing is seen or heard."""

_DEEPEST = 60
"""How many clips may stand in each other: real files have six."""


NestOf = Callable[[Element], Nest | None]
"""Element → what it nests; ``None`` where it refers to nothing."""


@dataclass(slots=True)
class Story:
    """What was found in a sequence.

    Attributes:
        references: The document's resources.
        rate: The sequence's.
        nest_of: Reads what a clip refers to.
        pieces: The clips.
        crossings: The transitions.
        markers: Markers on gaps and transitions: the timeline's own.
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
        offset = time_at(element, "offset")
        head = place.at(offset)
        begin, end = sorted((head, head + time_at(element, "duration") * place.pace))
        local = replace(place, record=head, origin=self._head_of(element), stretch=place.pace)
        self.markers += self._markers(element, local, begin, end)
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

    def _head_of(self, element: Element) -> Fraction:
        """What a transition's local clock says at its head, which nothing states: an hour, as of gaps [file].

        Rates that are no whole number have no frame there, or a timecode of that name 3.6 s later: the one
        that holds its markers is taken.
        """
        starts = [time_at(child, "start") for child in element if child.tag in _MARKERS]
        length = time_at(element, "duration")
        frames = _HOUR * self.rate
        heads = (
            Fraction(ceil(frames)) / self.rate,
            Fraction(floor(frames)) / self.rate,
            _HOUR * round(self.rate) / self.rate,
            time_at(element, "offset"),
            Fraction(0),
        )
        fitting = (head for head in heads if all(head <= start < head + length for start in starts))
        return next(fitting, heads[0])

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
        )
        low, high = sorted((head, head + length * place.pace))  # what lies in a clip that runs backwards, too
        lane = place.lane + lane_of(element)
        if lane_of(element) and element.tag not in _COMPONENTS:
            place = replace(place, name="")  # a clip of its own
        if element.tag == "gap":
            self.markers += self._markers(element, connected, low, high)
            inner = [child for child in element if child.tag in STORY and not lane_of(child)]
            for child in inner:
                self.clip(child, connected, time_at(child, "offset"))
        elif element.tag in ("clip", "sync-clip"):
            self._container(element, replace(place, lane=lane), connected, clock, (low, high))
        else:
            self._emit(element, replace(place, lane=lane), clock, head, (low, high), media)
        self._connected(element, replace(connected, lane=lane))
        return length

    def _connected(self, element: Element, place: Place) -> None:
        if place.around_connected is not None:
            place = replace(place, around=place.around_connected, around_connected=None)
        for child in element:
            if child.tag == "spine" and (lane_of(child) or element.tag not in ("clip", "sync-clip")):
                lane = place.lane + lane_of(child)
                self.spine(child, replace(within(place, child), lane=lane, name=""))
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
        return nest.begin if nest is not None else Fraction(0)

    # Containers

    def _container(
        self,
        element: Element,
        place: Place,
        connected: Place,
        clock: Clock,
        span: tuple[Fraction, Fraction],
    ) -> None:
        own_heard = heard_of(element, connected, span, place.pace) or span
        window, heard = overlap(place.window, span), overlap(place.heard or place.window, own_heard)
        if window is None and heard is None:
            return
        link = place.link
        if link is None:
            self._links += 1
            link = self._links
        whole = (Around(volume_of(element), connected, own_heard, "", element),)
        parts = {
            part: place.around + whole + set_by_roles(element, part, connected, own_heard, self.references)
            for part in ("storyline", "connected")
        }
        stretch = connected.stretch / clock.speed if clock.speed else connected.stretch
        inside = replace(
            connected,
            lane=place.lane,
            origin=clock.content,
            stretch=stretch,
            pace=stretch,
            window=window or _NOTHING,
            heard=heard or _NOTHING,
            around=parts["storyline"],
            around_connected=parts["connected"] if element.tag == "sync-clip" else None,
            enabled=place.enabled and element.get("enabled") != "0",
            link=link,
            name=place.name or element.get("name", ""),
        )
        begin = len(self.pieces)
        for child in element:
            if child.tag in (*STORY, "gap", "audition") and not lane_of(child):
                self.clip(child, inside, time_at(child, "offset"))
            elif child.tag == "spine" and not lane_of(child):
                self.spine(child, within(inside, child))
        if clock.speed == 0:
            self._hold(begin, inside.record, span)
        self.pieces[begin:] = parted_by_channels(
            element, self.pieces[begin:], connected, own_heard, self.references
        )
        self._finish(element, begin, span, connected)

    def _hold(self, begin: int, at: Fraction, span: tuple[Fraction, Fraction]) -> None:
        """A clip that stands still shows what it holds at its head as long as it lasts, without sound."""
        held = []
        for piece in self.pieces[begin:]:
            clip = piece.clip
            if piece.kind is TrackKind.VIDEO and clip.start <= at < clip.end:
                shown = MediaTime(clip.media_in + (at - clip.start) * clip.speed)
                still = replace(
                    clip,
                    start=RecordTime(span[0]),
                    end=RecordTime(span[1]),
                    media_in=shown,
                    speed=Fraction(0),
                )
                held.append(replace(piece, clip=replace(still, markers=())))
        self.pieces[begin:] = held

    def _finish(self, element: Element, begin: int, span: tuple[Fraction, Fraction], local: Place) -> None:
        """Put on the first part of a clip what the whole clip says: markers, and what only we do not know."""
        if len(self.pieces) > begin:
            piece = self.pieces[begin]
            marks = tuple(
                replace(marker, start=marker.start - piece.clip.start)
                for marker in self._markers(element, local, *span)
            )
            kept = tuple(kept_of(element, self.references))
            clip = replace(piece.clip, markers=piece.clip.markers + marks, kept=piece.clip.kept + kept)
            self.pieces[begin] = replace(piece, clip=clip)

    # Clips

    def _emit(
        self,
        element: Element,
        place: Place,
        clock: Clock,
        at: Fraction,
        span: tuple[Fraction, Fraction],
        media: Media | None,
    ) -> None:
        """One clip.

        Args:
            element: It.
            place: Where it stands.
            clock: Its local clock.
            at: Record time at which its local time is ``clock.start``: its head, or its tail within what runs
                backwards.
            span: From where to where it lies, record time.
            media: What it plays; ``None`` for what is not media.
        """
        local = replace(place, record=at, origin=clock.start, stretch=place.pace * clock.stretch)
        window, heard = place.window or span, place.heard or place.window
        split = heard_of(element, local, span, place.pace)
        if overlap(window, span) is None and overlap(heard, split or span) is None:
            return
        content, origin = self._content(element, media)
        if content is None:
            self.references.notes[f"{element.tag} elements that refer to nothing left out"] += 1
            return
        is_seen, is_heard = _parts(element, content)
        link = place.link
        if is_seen and is_heard and link is None:
            self._links += 1
            link = self._links
        speed = clock.speed / local.stretch
        plain = Clip(
            name=place.name or element.get("name") or content.name,
            start=RecordTime(span[0]),
            end=RecordTime(span[1]),
            content=content,
            media_in=MediaTime(clock.content - origin + (span[0] - at) * speed),
            speed=speed if not isinstance(content, Generator) else Fraction(1),
            enabled=place.enabled and element.get("enabled") != "0",
            link=link,
        )
        if isinstance(content, Generator):
            plain = replace(plain, media_in=MediaTime(Fraction(0)), kept=(self._generator(element),))
        marks = tuple(
            replace(marker, start=marker.start - span[0]) for marker in self._markers(element, local, *span)
        )
        kept = plain.kept or tuple(kept_of(element, self.references))
        if is_seen:
            self._add(replace(plain, markers=marks, kept=kept), window, place, TrackKind.VIDEO, "")
        if is_heard:
            if not is_seen:
                plain = replace(plain, markers=marks, kept=kept)
            if split is not None:
                plain = moved(plain, split)
            nest = self.nest_of(element) if isinstance(content, Timeline) else None
            for part, role in components(element, plain, local, nest, self.references):
                self._add(part, heard or split or span, place, TrackKind.AUDIO, role)

    def _content(
        self, element: Element, media: Media | None
    ) -> tuple[Media | Timeline | Generator | None, Fraction]:
        """What a clip shows, and the local time at which that begins."""
        if media is not None:
            return media, Fraction(0)
        if element.tag in ("ref-clip", "mc-clip"):
            found = self.nest_of(element)
            return (found.timeline, found.begin) if found is not None else (None, Fraction(0))
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

    def _add(
        self, clip: Clip, window: tuple[Fraction, Fraction], place: Place, kind: TrackKind, role: str
    ) -> None:
        """One piece, cut off where the clips around it end, and as loud as they say."""
        span = overlap((clip.start, clip.end), window)
        span = overlap(span, (Fraction(0), span[1])) if span is not None and span[1] > 0 else None
        if span is None:
            return
        clip = trimmed(clip, *span)
        for around in place.around if kind is TrackKind.AUDIO else ():
            if not around.role or is_of_role(role, around.role):
                clip = louder(clip, around.volume, around.local, around.window)
        self.pieces.append(Piece(place.lane, kind, role, clip))

    def _markers(self, element: Element, local: Place, head: Fraction, tail: Fraction) -> Iterator[Marker]:
        """The markers of a clip that lie in it, in record time."""
        for child in element:
            if child.tag not in _MARKERS:
                continue
            at = local.at(time_at(child, "start"))
            if not head <= at < tail:
                self.references.outside.append(child.get("value", ""))
                continue
            length = time_at(child, "duration") * abs(local.stretch)
            yield Marker(
                name=child.get("value", ""),
                start=at,
                duration=length if length > 1 / self.rate else Fraction(0),
                comment=child.get("note", ""),
                color=color_of(child),
            )


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

"""FCPXML → timelines, as Final Cut Pro writes them since version 10.

Final Cut Pro has no tracks: pictures become one track for each lane, sound one for each role, and more where
clips of one lane or role sound at once. A file of ours says what its tracks were.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from avm_otio.errors import TimelineError
from avm_otio.formats.fcpxml.elements import References, time_at
from avm_otio.formats.fcpxml.place import Crossing, Piece, Place
from avm_otio.formats.fcpxml.sounds import Nest
from avm_otio.formats.fcpxml.story import Story, elements_of
from avm_otio.formats.fcpxml.terms import TRACKS_KEY
from avm_otio.formats.xml import parsed
from avm_otio.timeline.model import Clip, Stem, Timeline, Track, TrackKind
from avm_otio.timeline.parts import Rows
from avm_otio.timeline.time import RecordTime, nearest_frame
from avm_otio.words import counted

_MOST_NAMED = 10
"""Markers that are named one by one."""

_BUNDLED = "Info.fcpxml"
"""The document in a bundle (``.fcpxmld``) [off]."""


def read(path: Path, rate: Fraction | None = None) -> tuple[list[Timeline], tuple[str, ...]]:
    """Read the projects of a document; where there are none, the clips of its events.

    Args:
        path: The document, or a bundle.
        rate: Not needed: the file says its own.

    Returns:
        The timelines, and what could not be read, one line each.

    Raises:
        TimelineError: It cannot be read, is not FCPXML, or holds neither projects nor clips.
    """
    file = path / _BUNDLED if path.is_dir() else path
    try:
        data = file.read_bytes()
    except OSError as error:
        message = f"{path} could not be read: {error.strerror or error}."
        raise TimelineError(message, "Check the path.") from error
    root = parsed(data, str(path))
    if root.tag != "fcpxml":
        raise TimelineError(f"{path} is not FCPXML: it begins with <{root.tag}>.", "Export it as XML again.")
    references = References(root)
    document = _Document(references)
    found = [
        document.sequence(sequence, project.get("name", ""))
        for project in root.iter("project")
        for sequence in project.findall("sequence")[:1]
    ]
    events = [clip for parent in (root, *root.iter("event")) for clip in elements_of(parent)]
    if found:
        references.notes["clips of events beside the projects left out"] += len(events)
    else:
        found = [document.alone(clip) for clip in events]
    curved = sum(fade.get("type") != "linear" for tag in ("fadeIn", "fadeOut") for fade in root.iter(tag))
    references.notes["fades that run in curves are read as straight"] += curved  # what no type says eases
    if not found:
        hint = "Choose a project in Final Cut Pro and export it with File › Export XML."
        raise TimelineError(f"{path} holds no project and no clip.", hint)
    notes = [f"{count} {message}." for message, count in references.notes.items() if count]
    return found, (*notes, *_outside(references.outside))


def _outside(markers: Sequence[str]) -> Iterator[str]:
    """Which markers lie outside of their clips, as those of a clip that was trimmed do."""
    if markers:
        named = ", ".join(f"“{name}”" for name in markers[:_MOST_NAMED])
        more = f" and {len(markers) - _MOST_NAMED} more" if len(markers) > _MOST_NAMED else ""
        where = "its clip" if len(markers) == 1 else "their clips"
        yield f"{counted(len(markers), 'marker')} outside of {where} left out: {named}{more}."


class _Document:
    """Reads the sequences of one document, each compound clip once."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._nests: dict[tuple[str, ...], Nest] = {}
        self._open: set[str] = set()

    def sequence(self, sequence: Element, name: str) -> Timeline:
        """A sequence as a timeline."""
        return self._sequence(sequence, name)[0]

    def _sequence(self, sequence: Element, name: str) -> tuple[Timeline, tuple[str, ...]]:
        """The same, and the role of each of its sound tracks."""
        rate = self._rate(sequence, name)
        start = time_at(sequence, "tcStart")
        story = Story(self._references, rate, self.nest)
        for spine in sequence.findall("spine")[:1]:
            story.spine(spine, Place(Fraction(0), start))
        rows = _noted_tracks(sequence)
        return self._arranged(story, sequence, name, rows, time_at(sequence, "duration", Fraction(-1)))

    def _rate(self, shaped: Element, name: str) -> Fraction:
        rate = self._references.rate(shaped.get("format")) or self._references.first_rate()
        if rate is None:
            raise TimelineError(f"“{name}” does not say its frame rate.", "Export the project again.")
        return rate

    def _arranged(
        self, story: Story, shaped: Element, name: str, rows: list[dict[str, Any]], duration: Fraction
    ) -> tuple[Timeline, tuple[str, ...]]:
        rate = story.rate
        found = _Tracks(rows).of(story)
        tracks = _numbered(tuple(track for track, _ in found))
        ends = [nearest_frame(clip.end, rate) for track in tracks for clip in track.clips]
        if duration < 0:
            duration = max(ends, default=0) / rate
        made = Timeline(
            name=name,
            rate=rate,
            tracks=tracks,
            start_frame=nearest_frame(time_at(shaped, "tcStart"), rate),
            drop_frame=shaped.get("tcFormat") == "DF",
            # What Final Cut Pro says may end within a frame where sound does.
            duration=-(-duration * rate // 1) / rate,
            markers=tuple(story.markers),
            size=self._references.size(shaped.get("format")),
        )
        return made, tuple(role for track, role in found if track.kind is TrackKind.AUDIO)

    def alone(self, clip: Element) -> Timeline:
        """A clip of an event as a timeline of its own; a compound clip as what it holds."""
        name = clip.get("name", "")
        if clip.tag == "ref-clip":
            media = self._references.element(clip.get("ref"), "media")
            inside = media.find("sequence") if media is not None else None
            if inside is not None:
                return self.sequence(inside, name)
        shaped = clip
        asset = self._references.element(clip.get("ref"), "asset")
        if clip.get("format") is None and asset is not None:
            shaped = asset
        if clip.tag == "mc-clip":
            media = self._references.element(clip.get("ref"), "media")
            inside = media.find("multicam") if media is not None else None
            shaped = inside if inside is not None else clip
        rate = self._rate(shaped, name)
        story = Story(self._references, rate, self.nest)
        length = story.clip(clip, Place(Fraction(0), Fraction(0)), Fraction(0))
        made, _ = self._arranged(story, Element("sequence"), name, [], length)
        return replace(made, size=self._references.size(shaped.get("format")))

    def nest(self, clip: Element) -> Nest | None:
        """What a compound or multicam clip refers to."""
        reference = clip.get("ref", "")
        media = self._references.element(reference, "media")
        if media is None:
            return None
        angles = [
            (angle.get("angleID", ""), angle.get("srcEnable", "all")) for angle in clip.iterfind("mc-source")
        ]
        key = (reference, *(part for angle in angles for part in angle))
        if key in self._nests:
            return self._nests[key]
        if reference in self._open:
            raise TimelineError(f"The compound clip “{clip.get('name')}” holds itself.", "Export it again.")
        self._open.add(reference)
        name = media.get("name", "") or clip.get("name", "")
        found = None
        for sequence in media.findall("sequence")[:1]:
            timeline, roles = self._sequence(sequence, name)
            found = Nest(timeline, time_at(sequence, "tcStart"), roles)
        for multicam in media.findall("multicam")[:1]:
            timeline, roles = self._multicam(multicam, name, angles)
            found = Nest(timeline, time_at(multicam, "tcStart"), roles)
        self._open.discard(reference)
        if found is not None:
            self._nests[key] = found
        return found

    def _multicam(
        self, multicam: Element, name: str, wanted: list[tuple[str, str]]
    ) -> tuple[Timeline, tuple[str, ...]]:
        """The angles of a multicam clip that are used, each for what it is used for."""
        angles = multicam.findall("mc-angle")
        if not wanted and angles:
            wanted = [(angles[0].get("angleID", ""), "all")]
        used = {angle: source for angle, source in wanted if source != "none"}
        rate = self._rate(multicam, name)
        story = Story(self._references, rate, self.nest)
        for angle in angles:
            source = used.get(angle.get("angleID", ""))
            if source is None:
                self._references.notes["angles of multicam clips that are not used left out"] += 1
                continue
            begin = len(story.pieces)
            story.spine(angle, Place(Fraction(0), time_at(multicam, "tcStart")))
            kinds = {"video": [TrackKind.VIDEO], "audio": [TrackKind.AUDIO]}.get(source, list(TrackKind))
            story.pieces[begin:] = [piece for piece in story.pieces[begin:] if piece.kind in kinds]
        return self._arranged(story, multicam, name, [], time_at(multicam, "duration", Fraction(-1)))


def _noted_tracks(sequence: Element) -> list[dict[str, Any]]:
    """The tracks that a file of ours had."""
    rows = []
    for noted in sequence.iterfind("metadata/md"):
        if noted.get("key") != TRACKS_KEY:
            continue
        for text in noted.iterfind("array/string"):
            try:
                row = json.loads(text.text or "")
            except ValueError:
                return []
            if not isinstance(row, dict) or not isinstance(row.get("lane"), int):
                return []
            rows.append(row)
    return rows


def _numbered(tracks: tuple[Track, ...]) -> tuple[Track, ...]:
    """Links numbered as they come; a clip that belongs to nothing else has none."""
    members = Counter(clip.link for track in tracks for clip in track.clips)
    numbers: dict[int | None, int] = {}
    for track in tracks:
        for clip in track.clips:
            if clip.link is not None and members[clip.link] > 1:
                numbers.setdefault(clip.link, len(numbers) + 1)
    return tuple(
        replace(track, clips=tuple(replace(clip, link=numbers.get(clip.link)) for clip in track.clips))
        for track in tracks
    )


class _Layers:
    """Clips of one track as long as they do not overlap, then of more.

    Args:
        track: The first; the others are like it.
    """

    def __init__(self, track: Track) -> None:
        self.track = track
        self._layers: list[list[Clip]] = []
        self._rows = Rows()

    def add(self, clip: Clip) -> None:
        row = self._rows.place(clip.start, clip.end)
        if row == len(self._layers):
            self._layers.append([])
        self._layers[row].append(clip)

    def tracks(self, crossings: Iterable[Crossing]) -> Iterator[Track]:
        """The tracks, with the transitions where their cuts are."""
        waiting = [crossing.transition for crossing in crossings]
        for number, layer in enumerate(self._layers or [[]], 1):
            edges = {clip.start for clip in layer} | {clip.end for clip in layer}
            here = [each for each in waiting if each.at in edges]
            waiting = [each for each in waiting if each.at not in edges]
            name = self.track.name if number == 1 else f"{self.track.name} ({number})"
            channels = self.track.channels
            if self.track.kind is TrackKind.AUDIO and not channels:
                channels = max((len(clip.channels) for clip in layer), default=2) or 2
            transitions = tuple(sorted(here, key=lambda each: each.at))
            yield replace(
                self.track, name=name, clips=tuple(layer), transitions=transitions, channels=channels
            )


class _Tracks:
    """Tracks of lanes and roles.

    Args:
        rows: What a file of ours says of its tracks.
    """

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._order: list[tuple[str, int | str]] = []
        self._made: dict[tuple[str, int | str], _Layers] = {}
        self._role_of_lane: dict[int, str] = {}
        for row in rows:
            is_sound = row.get("kind") == "audio"
            key = ("a", str(row.get("role", ""))) if is_sound else ("v", row["lane"])
            stem = next((kind for kind in Stem if is_sound and kind == row.get("stem")), None)
            channels = row.get("channels", 0)
            track = Track(
                name=str(row.get("name", "")),
                kind=TrackKind.AUDIO if is_sound else TrackKind.VIDEO,
                channels=channels if is_sound and isinstance(channels, int) else 0,
                stem=stem,
            )
            if key not in self._made:
                self._order.append(key)
                self._made[key] = _Layers(track)
            if is_sound:
                self._role_of_lane.setdefault(row["lane"], key[1])
                if row.get("nests") is True:
                    self._role_of_lane[0] = key[1]
        self._are_noted = bool(rows)

    def of(self, story: Story) -> tuple[tuple[Track, str], ...]:
        """The tracks of what was found, each with its role: pictures from the lowest, then sound."""
        pieces = sorted(story.pieces, key=lambda piece: piece.clip.start)
        found: dict[tuple[str, int | str], int] = {}
        for piece in story.pieces:
            key = self._key(piece)
            if key not in self._made:
                found[key] = max(found.get(key, piece.lane), piece.lane)
        # Pictures by lane; roles by the highest lane that has them, then as they come.
        lanes = sorted(key for key in found if key[0] == "v")
        roles = sorted((key for key in found if key[0] == "a"), key=lambda key: -found[key])
        for number, key in enumerate(lanes, 1):
            self._made[key] = _Layers(Track(f"V{number}", TrackKind.VIDEO))
        for key in roles:
            self._made[key] = _Layers(Track(_role_name(str(key[1])), TrackKind.AUDIO))
        if self._are_noted:
            self._order += [*lanes, *roles]
        else:
            self._order = [*lanes, *roles]
        for piece in pieces:
            layers = self._made[self._key(piece)]
            clip = piece.clip
            layers.add(replace(clip, stem=layers.track.stem) if layers.track.stem else clip)
        crossings: dict[tuple[str, int | str], list[Crossing]] = {}
        for crossing in story.crossings:
            crossings.setdefault(self._track_of(crossing, pieces), []).append(crossing)
        return tuple(
            (track, str(key[1]))
            for key in self._order
            for track in self._made[key].tracks(crossings.get(key, ()))
        )

    def _key(self, piece: Piece) -> tuple[str, int | str]:
        if piece.kind is TrackKind.VIDEO:
            return "v", piece.lane
        if piece.role:
            return "a", piece.role
        return "a", self._role_of_lane.get(min(piece.lane, 0), "")

    def _track_of(self, crossing: Crossing, pieces: list[Piece]) -> tuple[str, int | str]:
        if crossing.kind is TrackKind.VIDEO:
            return "v", crossing.lane
        at: RecordTime = crossing.transition.at
        for piece in pieces:
            if (
                piece.kind is TrackKind.AUDIO
                and piece.lane == crossing.lane
                and at
                in (
                    piece.clip.start,
                    piece.clip.end,
                )
            ):
                return self._key(piece)
        return "v", crossing.lane


def _role_name(role: str) -> str:
    """What people call a role: its subrole, or itself."""
    main, _, sub = role.partition(".")
    return sub or main or "Sound"

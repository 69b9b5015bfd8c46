"""One clip as FCPXML has it: an ``asset-clip``, a ``ref-clip`` or a title of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element

from avm_otio.formats.fcpxml import FORMAT
from avm_otio.formats.fcpxml.inside import (
    BEFORE_VOLUME,
    NOTES,
    KeptText,
    Timing,
    channels_of,
    is_too_loud,
    kept_elements,
    marker_text,
    panner_of,
    plain,
    timing_of,
    volume_of,
)
from avm_otio.formats.fcpxml.resources import Resources, attribute
from avm_otio.formats.fcpxml.roles import Links, role_of
from avm_otio.formats.fcpxml.terms import HIGHEST_DB, LOWEST_DB, xml_time
from avm_otio.formats.xml import can_hold
from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Item, Losses
from avm_otio.timeline.model import Clip, Generator, Marker, Media, Timeline


class ClipTexts:
    """Writes the clips of one timeline.

    Args:
        timeline: The timeline.
        resources: The document's.
        links: Which sound goes into which picture.
        roles: The role of each sound track.
        losses: Those of the timeline, to which what cannot be written is added.
        nest: Nest → its id.
        gap_start: Local time at the head of what has no media.
    """

    def __init__(
        self,
        timeline: Timeline,
        resources: Resources,
        links: Links,
        roles: Sequence[str],
        losses: Losses,
        nest: Callable[[Timeline], str],
        gap_start: Fraction,
    ) -> None:
        self._timeline = timeline
        self._resources = resources
        self._links = links
        self._roles = roles
        self._losses = losses
        self._nest = nest
        self._gap_start = gap_start
        self._rate = timeline.rate
        self._frame = 1 / timeline.rate
        self._videos = timeline.video_tracks
        self._sounds = timeline.audio_tracks

    def clip(
        self,
        clip: Clip,
        place: str,
        length: str,
        timing: Timing,
        lane: int,
        connected: str = "",
        more_markers: str = "",
    ) -> str:
        """A clip as an element.

        Args:
            clip: The clip; not the sound that is written with its picture.
            place: The attributes that say where it lies.
            length: How long it is, as an attribute says it.
            timing: Its local clock.
            lane: 0 in the spine, the number of its video track above, less than 0 for sound.
            connected: The elements that are connected to it.
            more_markers: Markers beside its own.
        """
        state = "" if self._is_on(clip, lane) else ' enabled="0"'
        head = f'{place} name="{attribute(clip.name)}" start="{xml_time(timing.start)}"'
        head += f' duration="{length}"{state}'
        markers = "".join(self.markers(clip, timing.start)) + more_markers
        if isinstance(clip.content, Generator):
            return self._generator(clip, head, connected, markers)
        heard, sound_track = (clip, -lane - 1) if lane < 0 else self._links.heard(clip) or (None, 0)
        kept = KeptText(clip.kept, self._resources)
        self._report(heard or clip, kept)
        source = "" if heard and lane >= 0 else f' srcEnable="{"audio" if lane < 0 else "video"}"'
        if heard is not None and heard is not clip and (heard.start, heard.end) != (clip.start, clip.end):
            begins = timing.start + heard.start - clip.start
            source += f' audioStart="{xml_time(begins)}" audioDuration="{xml_time(heard.duration)}"'
        volume = volume_of(heard.mix, timing.start + heard.start - clip.start) if heard else ""
        panner = panner_of(heard.mix) if heard else ""
        if panner and kept.of("adjust-panner"):
            self._losses.add(Feature.EFFECT, heard or clip, "adjust-panner not written: its pan is")
        tail = ""
        content = clip.content
        if isinstance(content, Media):
            tag, ref = "asset-clip", self._resources.asset(content)
            if content.duration is None or not content.channels:
                self._resources.note_use(ref, clip)
            if (not content.channels and lane >= 0) or not content.has_picture:
                source = ""
            counting = "DF" if content.drop_frame else "NDF"
            source += f' format="{self._resources.clip_format(content)}" tcFormat="{counting}"'
            if heard is not None:
                role = attribute(self._roles[sound_track])
                source += f' audioRole="{role}"'
                tail = channels_of(heard.channels, content.channels, role)
            if lane > 0 and role_of(self._videos[lane]):
                source += f' videoRole="{attribute(role_of(self._videos[lane]))}"'
        else:
            tag, ref = "ref-clip", self._nest(content)
            source += ' useAudioSubroles="1"'
        inside = "".join(
            (
                kept.of("note"),
                timing.text,
                kept.of(*BEFORE_VOLUME),
                volume,
                panner or kept.of("adjust-panner"),
                connected,
                markers,
                kept.of(*NOTES),
                tail,
                kept.of("filter-video", "filter-audio"),
            )
        )
        return element_text(f'{tag} ref="{ref}" {head}{source}', inside)

    def _report(self, clip: Clip, kept: KeptText) -> None:
        """Report what a clip's inside cannot say."""
        for broken in kept.broken:
            self._losses.add(Feature.EFFECT, clip, f"{broken.label} not written")
        if is_too_loud(clip.mix):
            self._losses.add(Feature.GAIN, clip, f"gain held between {LOWEST_DB:g} and +{HIGHEST_DB:g} dB")
        if not can_hold(clip.name):
            self._losses.add(Feature.NAME, clip, "characters that XML cannot carry are replaced")

    def _is_on(self, clip: Clip, lane: int) -> bool:
        track = self._videos[lane] if lane >= 0 else self._sounds[-lane - 1]
        return clip.enabled and track.enabled

    def _generator(self, clip: Clip, head: str, connected: str, markers: str) -> str:
        """A title or generator of Final Cut Pro's own, as it stood there."""
        element = self.shown(clip)[0]
        for name, value in element.attrib.items():
            head += f' {name}="{attribute(value)}"'
        before: list[str] = []
        after: list[str] = []
        for child in element:
            late = child.tag in ("filter-video", "filter-video-mask", "metadata", "reserved")
            (after if late else before).append(plain(child))
        return element_text(f"{element.tag} {head}", "".join([*before, connected, markers, *after]))

    def shown(self, clip: Clip) -> list[Element]:
        """What of Final Cut Pro's own a generator is; nothing where it is of another format."""
        for kept in clip.kept:
            if kept.format == FORMAT.name:
                elements = kept_elements(kept.text, self._resources)
                if elements and elements[0].tag in ("title", "video"):
                    return elements
        return []

    def timing(self, clip: Clip) -> Timing:
        """A clip's local clock."""
        if isinstance(clip.content, Generator):
            return Timing(self._gap_start)
        origin = clip.content.start if isinstance(clip.content, Timeline) else Fraction(0)
        return timing_of(clip, self._rate, origin)

    def markers(self, clip: Clip, start: Fraction) -> list[str]:
        """A clip's markers as elements; its local clock is at ``start`` at its head."""
        for marker in clip.markers:
            self.lost_marker(marker, clip)
        return [marker_text(marker, start, self._frame) for marker in clip.markers]

    def lost_marker(self, marker: Marker, item: Item) -> None:
        """Report what of a marker is not written."""
        if 0 < marker.duration <= self._frame:
            self._losses.add(Feature.MARKER, item, f"marker “{marker.name}” is a point")
        if not can_hold(marker.name + marker.comment):
            self._losses.add(Feature.NAME, item, "characters that XML cannot carry are replaced")


def element_text(head: str, inside: str) -> str:
    """An element of a name with attributes, and what is in it."""
    if not inside:
        return f"<{head}/>"
    return f"<{head}>\n{inside}\n</{head.partition(' ')[0]}>"

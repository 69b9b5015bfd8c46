"""OTIO as DaVinci Resolve takes it in.

Marks beside a rule: [file] seen in files that Resolve wrote itself, [3p] measured by others, likely but not
proven. Resolve cannot be run here; what is written is held to the shapes of its own files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from avm_otio.formats.otio.frames import available_json, in_own_time, is_moved, lay_on_frames, unmeasured
from avm_otio.formats.otio.json_form import (
    Document,
    is_a,
    noted,
    range_json,
    reference_of,
    said_under,
    time_json,
)
from avm_otio.formats.otio.metadata import storable
from avm_otio.formats.otio.resolve_words import (
    AUDIO_TYPES,
    RESOLVE,
    VOLUME,
    channels_of_clip,
    channels_of_track,
    effect_json,
    marker_origin,
    mix_of,
    sequence_name,
    volume_effect,
)
from avm_otio.formats.otio.write import Lane, document, lanes
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import Clip, Marker, Media, Mix, Timeline, TrackKind
from avm_otio.timeline.time import whole_frames
from avm_otio.timeline.urls import is_relative, is_web, plain_path

META_VERSION = "1.0"
"""``Resolve OTIO Meta Version`` of the timeline [file]."""

RETIME_TYPE = 22
CROSS_FADE_TYPE = 40
"""``Type`` of its effects [file]."""

CROSS_FADE = "Cross Fade 0 dB"
"""Name of its cross fade of sounds; ``Transition Type`` spells it otherwise [file]."""

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\u2028\u2029]+")

_ONE = Fraction(1)
_AS_IT_IS = Mix()


def flavoured(timeline: Timeline, folder: Path) -> tuple[Document, tuple[Loss, ...]]:
    """A timeline as Resolve takes it in.

    What the user's own file says in Resolve's words stays, where it says the same.

    Args:
        timeline: The timeline, its media where they are to be named.
        folder: Where the file will lie: relative paths are meant from here. Resolve wants absolute ones [3p].

    Returns:
        The timeline in OTIO's JSON form, and what that does not say as the timeline does.
    """
    made = document(timeline)
    rate = timeline.rate
    writer = _Writer(rate, folder, unmeasured(timeline), Losses(timeline))
    made["name"] = writer.clean(made["name"], f"Timeline “{timeline.name}”")
    # Without it an import has no start [3p].
    made["global_start_time"] = time_json(timeline.start_frame, rate)
    noted(made, RESOLVE).setdefault("Resolve OTIO Meta Version", META_VERSION)
    writer.stack(made["tracks"], timeline)
    if timeline.drop_frame:
        writer.losses.add(
            Feature.START,
            f"Timeline “{timeline.name}”",
            "drop-frame timecode is not written: the project's settings decide",
        )
    return made, tuple(writer.losses)


@dataclass(slots=True)
class _Writer:
    """Writes one timeline.

    Attributes:
        rate: Frames a second of the timeline.
        folder: From where relative paths are meant.
        used: What is used of media whose length nobody knows.
    """

    rate: Fraction
    folder: Path
    used: dict[Media, tuple[Fraction, Fraction]]
    losses: Losses
    made: dict[Media, Document] = field(default_factory=dict)

    def clean(self, name: str, item: str) -> str:
        """A name in one line of printable characters."""
        clean = _UNPRINTABLE.sub(" ", name)
        if clean != name:
            self.losses.add(Feature.NAME, item, "characters that do not print became blanks")
        return clean

    def stack(self, stack: Document, timeline: Timeline) -> None:
        for lane in lanes(stack, timeline):
            lay_on_frames(lane, self.rate)
            self.track(lane)
            for item, clip in lane.clips:
                self.clip(item, clip, lane.track.kind, timeline)
        if not is_a(stack, "Track"):
            self.markers(stack, f"Timeline “{timeline.name}”", timeline.markers, Fraction(0))

    def track(self, lane: Lane) -> None:
        member, track = lane.member, lane.track
        if not is_a(member, "Track"):
            return
        item = f"Track “{track.name}”"
        member["name"] = self.clean(member["name"], item)
        resolve = noted(member, RESOLVE)
        resolve["Locked"] = track.locked
        for marker in track.markers:
            self.losses.add(
                Feature.MARKER, item, f"marker “{marker.name}” is on the track: Resolve has none there"
            )
        for transition in lane.transitions:
            for edge in ("in_offset", "out_offset"):
                time = transition[edge]
                frames = time["value"] * (float(self.rate) / time["rate"])
                transition[edge] = time | {"value": frames, "rate": float(self.rate)}
        if track.kind is TrackKind.VIDEO:
            return
        if channels_of_track(resolve) != track.channels:
            resolve["Audio Type"] = AUDIO_TYPES.get(track.channels, f"Adaptive {track.channels}")
            if track.channels not in AUDIO_TYPES:
                self.losses.add(
                    Feature.CHANNELS, item, f"{track.channels} channels as an adaptive track: see that it is"
                )
        resolve.setdefault("SoloOn", False)
        for transition in lane.transitions:
            if transition["transition_type"] == "SMPTE_Dissolve" and RESOLVE not in transition["metadata"]:
                if transition["name"] not in ("", CROSS_FADE):
                    message = f"it is called {CROSS_FADE}, as Resolve knows it"
                    self.losses.add(Feature.TRANSITION, f"“{transition['name']}” on {item}", message)
                transition["name"] = CROSS_FADE
                transition["metadata"][RESOLVE] = {
                    "Effects": {
                        "Effect Name": CROSS_FADE,
                        "Enabled": True,
                        "Name": "Cross Fade",
                        "Parameters": [],
                        "Type": CROSS_FADE_TYPE,
                    },
                    "Transition Type": "Cross Fade 0DB",
                }

    def clip(self, item: Document, clip: Clip, kind: TrackKind, timeline: Timeline) -> None:
        name = timeline.named(clip)
        item["name"] = self.clean(item["name"], name)
        if is_moved(clip, self.rate):
            self.losses.add(
                Feature.TIME, name, "at the nearest frames: the file knows no places between them"
            )
        resolve = noted(item, RESOLVE)
        head = in_own_time(item, clip, self.rate)
        if clip.markers:
            origin, scale = self.counted(clip, head)
            self.markers(item, name, clip.markers, origin, scale)
        if isinstance(clip.content, Timeline):
            self.stack(item, clip.content)
        elif isinstance(clip.content, Media):
            self.media(item, clip.content, name)
        elif RESOLVE not in ((reference_of(item) or {}).get("parameters") or {}):
            self.losses.add(
                Feature.GENERATOR, name, "a generator of another program: Resolve may not know it"
            )
        if clip.link is not None:
            resolve["Link Group ID"] = clip.link
        if kind is TrackKind.AUDIO:
            if channels_of_clip(resolve) != clip.channels:
                resolve["Channels"] = [
                    {"Source Channel ID": channel, "Source Track ID": 0} for channel in clip.channels
                ]
            self.mix(item, clip.mix, name)
        else:
            if clip.mix != _AS_IT_IS:
                message = "gain and fades not written: a clip on a video track has no sound in Resolve"
                self.losses.add(Feature.GAIN, name, message)
            if clip.speed not in (0, 1):
                _add_once(item, effect_json("Retime and Scaling", "Retime and Scaling", RETIME_TYPE, []))
        for effect in item["effects"]:
            if "time_scalar" in effect and RESOLVE not in effect["metadata"]:
                effect["name"] = effect["effect_name"] = ""  # [file]

    def counted(self, clip: Clip, head: Fraction) -> tuple[Fraction, Fraction]:
        """What a clip's markers count at its head, and their seconds a second of the timeline.

        They run in media time, but of a retimed clip in frames of the timeline [file].
        """
        if clip.speed <= 0 or clip.speed == 1:
            return head, _ONE
        start = clip.media.start if clip.media is not None else Fraction(0)
        return marker_origin(head, start, clip.speed, self.rate), _ONE

    def media(self, item: Document, media: Media, name: str) -> None:
        """Name the media of a clip: absolute, with a range on every reference."""
        made = self.made.get(media)
        if made is None:
            made = self.made[media] = self.reference(media, name)
        if media.duration is None:
            self.losses.add(Feature.MEDIA, name, "its length is unknown: written as what is used of it")
        old = reference_of(item)
        if old is not None and (old["metadata"] or old.get("available_image_bounds")):
            resolve = made["metadata"].get(RESOLVE)
            metadata = old["metadata"] if resolve is None else old["metadata"] | {RESOLVE: resolve}
            bounds = old.get("available_image_bounds")
            made = made | {"metadata": metadata, "available_image_bounds": bounds}
        item["media_references"][item["active_media_reference_key"]] = made

    def reference(self, media: Media, name: str) -> Document:
        """The reference to media; several clips may hold the same."""
        made: Document = {
            "OTIO_SCHEMA": "ExternalReference.1",
            "metadata": {},
            "name": media.name,
            "available_range": available_json(media, self.rate, self.used),
            "available_image_bounds": None,
        }
        url = self.place(media, name)
        if media.is_online and url:
            return made | {"target_url": url}
        noted_: Document = {RESOLVE: {"Media Url": url}} if url else {}
        return made | {"OTIO_SCHEMA": "MissingReference.1", "metadata": noted_}

    def place(self, media: Media, name: str) -> str:
        """Where media lie.

        A plain absolute path in the form of its own system, as Resolve writes it [file]: no ``file:``,
        nothing percent-encoded.
        """
        path = plain_path(media.path)
        if is_web(path):
            self.losses.add(Feature.MEDIA, name, f"its media are not a file: {path}")
        elif is_relative(path):
            path = str(self.folder / path)
        if media.sequence is not None:
            # Numbered images have one name [file]; OTIO's own reference to them is not taken [3p].
            if media.sequence.step != 1:
                message = f"only every {media.sequence.step}th image is meant: Resolve takes each"
                self.losses.add(Feature.MEDIA, name, message)
            images = whole_frames(media.duration or Fraction(0), media.rate or self.rate)
            slash = "\\" if "\\" in path and "/" not in path else "/"
            folder = path if path.endswith(("/", "\\")) else path + slash
            path = folder + sequence_name(media.sequence, images)
        sayable = str(storable(path))
        if sayable != path:
            self.losses.add(Feature.MEDIA, name, "its path is not Unicode: Resolve will not find it")
        return sayable

    def markers(
        self, item: Document, name: str, stated: tuple[Marker, ...], origin: Fraction, scale: Fraction = _ONE
    ) -> None:
        """Give markers their notes where Resolve keeps them, and one frame at least [file].

        Args:
            item: What carries them.
            name: What to call it in a loss.
            stated: The same markers as the timeline has them.
            origin: What they count at the head, in seconds.
            scale: Their seconds a second of the timeline.
        """
        frame = 1 / self.rate
        if len(stated) != len(item["markers"]):  # some lie where the clip was cut off
            return
        for marker, one in zip(item["markers"], stated, strict=True):
            marker["name"] = self.clean(marker["name"], name)
            beside = noted(marker, RESOLVE)
            beside.setdefault("Keywords", [])
            beside["Note"] = one.comment
            length = max(frame, one.duration * scale)
            if 0 < one.duration <= frame:
                self.losses.add(
                    Feature.MARKER, name, f"marker “{one.name}” is one frame long: in Resolve a point"
                )
            begin = (origin + one.start * scale) * self.rate
            marker["marked_range"] = range_json(begin, length * self.rate, self.rate)

    def mix(self, item: Document, mix: Mix, name: str) -> None:
        """Write gain and fades, where what is there does not say them already."""
        if mix == _AS_IT_IS and not item["effects"]:
            return
        there = [one for one in item["effects"] if said_under(one, RESOLVE).get("Effect Name") == VOLUME]
        if (mix_of(said_under(there[0], RESOLVE), self.rate) if there else _AS_IT_IS) == mix:
            return
        effect, message = volume_effect(mix, self.rate)
        for feature, what in message:
            self.losses.add(feature, name, what)
        if there:
            item["effects"][item["effects"].index(there[0])] = effect
        else:
            item["effects"].append(effect)


def _add_once(item: Document, effect: Document) -> None:
    wanted = said_under(effect, RESOLVE)["Effect Name"]
    if not any(said_under(one, RESOLVE).get("Effect Name") == wanted for one in item["effects"]):
        item["effects"].append(effect)

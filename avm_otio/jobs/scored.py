"""What a run made, and what is reported of it."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from avm_otio import services
from avm_otio.jobs.soundtrack import Soundtrack
from avm_otio.mix.cues import Item, Total, Unavailable
from avm_otio.mix.placement import Laid, LaidClip, Lane
from avm_otio.services import Laying
from avm_otio.timeline.features import Loss
from avm_otio.timeline.model import Clip
from avm_otio.timeline.time import format_timecode, to_micros
from avm_otio.timeline.urls import paths_of


@dataclass(frozen=True, slots=True)
class Scored:
    """What a run made.

    Attributes:
        output: The timeline that was written.
        job: The job's folder.
        film_id: The Film.
        session_id: The film service; ``None`` where its answer was lost and the result found on the Film.
        made: What lies on the timeline, and what it sounds like.
        currency: What prices are in.
        losses: What the file does not say as the timeline does.
        media_folder: Where media were copied or made for the editor, if any were.
        replaced_files: Path of a sound that the editor does not take as it is → of what it gets instead.
        preview: The preview, where one was asked for.
        start_frame: The timeline's start timecode, as a count of frames.
        drop_frame: Whether the timeline's timecode drops frames.
        folder: The folder from which relative URLs of what is laid are meant.
        notes: What the user should know, one line each.
        unavailable: What was to be laid and can never be had, and what lies there instead.
    """

    output: Path
    job: Path
    film_id: int | None
    session_id: int | None
    made: Soundtrack
    currency: str
    start_frame: int
    drop_frame: bool
    folder: Path
    notes: tuple[str, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()
    losses: tuple[Loss, ...] = ()
    media_folder: Path | None = None
    replaced_files: Mapping[str, str] = field(default_factory=dict)
    preview: Path | None = None

    @property
    def laid(self) -> Laid:
        """What lies on the timeline."""
        return self.made.laid

    @property
    def total(self) -> Decimal:
        """What the chosen items cost, each once, in ``currency``; what is bought already costs nothing."""
        return Total.of(clip.item for clip in self.laid.clips).price

    def timecode(self, clip: LaidClip) -> str:
        """The record timecode at which a clip lies."""
        first, _ = clip.clip.frames(self.laid.rate)
        return format_timecode(self.start_frame + first, self.laid.rate, self.drop_frame)

    def summary(self) -> dict[str, Any]:
        """What is reported at the end, as JSON: the ``done`` event, every clip, and the notes."""
        laid = self.laid
        by_service = {service: laid.of(service) for service in services.SERVICES}
        return {
            "output": str(self.output),
            "job": str(self.job),
            "film_id": self.film_id,
            "session_id": self.session_id,
            **{
                service.items: sum(not clip.part for lane in of for clip in lane.clips)
                for service, of in by_service.items()
            },
            **{
                f"{service.item}_tracks": len(of)
                for service, of in by_service.items()
                if service.laying is Laying.CUES
            },
            "alternatives": sum(len(clip.alternatives) for clip in laid.clips if not clip.part),
            "total_price": str(self.total),
            "currency": self.currency,
            "losses": len(self.losses),
            "media_folder": None if self.media_folder is None else str(self.media_folder),
            "preview": None if self.preview is None else str(self.preview),
            "notes": list(self.notes),
            "coverage": None if self.made.coverage is None else str(self.made.coverage),
            "mix": self._mix(),
            "unavailable": [each.as_dict() for each in self.unavailable],
            "rate": str(laid.rate),
            "start_frame": self.start_frame,
            "clips": self._clips(is_spare=False),
            "spare_clips": self._clips(is_spare=True),
        }

    def _mix(self) -> dict[str, Any] | None:
        """What the whole comes to."""
        verdict = self.made.verdict
        if verdict is None:
            return None
        return {
            "target": verdict.target.name,
            "is_met": verdict.is_met,
            "integrated_lufs": _finite(verdict.integrated_lufs),
            "range_lu": round(verdict.range_lu, 1),
            "is_range_rough": verdict.is_range_rough,
            "true_peak_dbtp": _finite(verdict.true_peak_dbtp),
            "is_peak_exact": verdict.is_peak_exact,
            "speech_lufs": None if verdict.anchor_lufs is None else _finite(verdict.anchor_lufs),
            "words": list(verdict.lines),
        }

    def _clips(self, *, is_spare: bool) -> list[dict[str, Any]]:
        """The clips that are heard, or the alternatives: what fills the film, then cues by their start."""
        order = services.SERVICES.index
        lying = [(lane, clip) for lane in self.laid.lanes if lane.is_spare is is_spare for clip in lane.clips]
        lying.sort(key=lambda one: (one[1].cue.end_us is not None, order(one[0].service), one[1].clip.start))
        return [self._clip(lane, clip) for lane, clip in lying]

    def _clip(self, lane: Lane, laid: LaidClip) -> dict[str, Any]:
        """One clip for people, and for hosts that lay it themselves."""
        clip, item = laid.clip, laid.item
        first, last = clip.frames(self.laid.rate)
        forms = paths_of(clip.media.url if clip.media else "", self.folder)
        file = next((os.path.normpath(path) for path in forms if path.is_file()), None)
        return {
            "kind": str(laid.kind),
            "timecode": self.timecode(laid),
            "title": clip.name if item.title else _title(item),
            **_price(item),
            "alternatives": len(laid.alternatives),
            "others": [{"title": _title(other), **_price(other)} for other in laid.alternatives],
            "file": self.replaced_files.get(file or "", file),
            "track": lane.name,
            "record_frame": first,
            "frames": last - first,
            "part": laid.part,
            "media_start_us": to_micros(clip.media_in - (clip.media.start if clip.media else 0)),
            "speed": str(clip.speed),
            # For a host that lays no key frames the softest: nothing is then louder than it should be.
            "gain_db": round(min((key.gain_db for key in clip.mix.keys), default=clip.mix.gain_db), 2),
            "keys": [{"at_us": to_micros(key.at), "gain_db": round(key.gain_db, 2)} for key in clip.mix.keys],
            "fade_in_us": clip.mix.fade_in_us,
            "fade_out_us": clip.mix.fade_out_us,
            "cross_fade_us": _cross_fade_us(lane, clip),
        }


def _cross_fade_us(lane: Lane, clip: Clip) -> dict[str, int] | None:
    """The crossfade at the head of a clip: how long before and after the cut both clips are heard."""
    fade = next((each for each in lane.transitions if each.at == clip.start), None)
    return None if fade is None else {"before": to_micros(fade.before), "after": to_micros(fade.after)}


def _title(item: Item) -> str:
    return item.title or str(item.id)


def _price(item: Item) -> dict[str, Any]:
    price = None if item.price is None else str(item.price)
    return {"price": price, "is_bought": item.is_bought}


def _finite(value: float) -> float | None:
    """A level to a tenth; ``None`` for silence."""
    return round(value, 1) if math.isfinite(value) else None

"""What was heard in the sounds of a scored cut: by their jobs, which remember it, else listened to now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from avm_otio import services
from avm_otio.errors import MediaError
from avm_otio.jobs.conform.sources import file_of
from avm_otio.jobs.ears import hear_items
from avm_otio.jobs.folder import Job
from avm_otio.jobs.reels import Reel
from avm_otio.mix.cues import Cue, Cues, Item
from avm_otio.mix.heard import Heard
from avm_otio.mix.used import stated_item
from avm_otio.report import Report
from avm_otio.services import Service
from avm_otio.timeline.model import Clip, Stem


def heard_in(
    reel: Reel, jobs: Sequence[Job], report: Report
) -> tuple[Callable[[Item], Heard | None], tuple[str, ...]]:
    """What was heard in every sound, and a line for each that cannot be listened to."""
    wanted: dict[str, tuple[Item, Clip]] = {}
    for track in reel.opened.timeline.audio_tracks:
        for clip in track.clips if track.is_ours else ():
            stem = clip.stem or track.holds
            offered = stated_item(clip, stem) or reel.item_of(clip, stem)
            if offered is not None and stem is not Stem.DIALOGUE:
                wanted.setdefault(offered.item.name, (offered.item, clip))
    notes: list[str] = []
    found: dict[str, Heard] = {}
    for job in jobs:
        here = [item for name, (item, _) in wanted.items() if name in job.journal.media and name not in found]
        if not here:
            continue
        by_service: dict[Service, tuple[Cue, ...]] = {}
        for service in services.SERVICES:
            cues = tuple(Cue(0, 0, (item,)) for item in here if item.kind == service.item)
            if cues:
                by_service[service] = cues
        heard, new_notes = hear_items(job, Cues(by_service), 0, report)
        notes += new_notes
        found |= {item.name: was for item in here if (was := heard(item)) is not None}
    left = {name: each for name, each in wanted.items() if name not in found}
    if left:
        found |= _heard_now(left, reel, notes, report)
    return (lambda item: found.get(item.name)), tuple(notes)


def _heard_now(
    left: Mapping[str, tuple[Item, Clip]], reel: Reel, notes: list[str], report: Report
) -> dict[str, Heard]:
    from avm_otio.media.listening import hear

    found = {}
    with report.step("Listening", len(left)) as advance:
        for number, (name, (item, clip)) in enumerate(left.items(), 1):
            file = file_of(clip.media, reel.opened.folder)
            try:
                if file is None:
                    raise MediaError("its file is not there.")
                found[name] = hear(file, music=item.kind == services.MUSIC.item)
            except MediaError as error:
                notes.append(f"{item.title or item.name} could not be listened to: {error}")
            advance(number, len(left))
    return found

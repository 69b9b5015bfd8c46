"""What is heard of a timeline as it plays: how loud it is from step to step and where people speak.

A film is not always what the timeline plays: that of a clip at another speed runs as it was shot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from avm_otio.media.decode import Samples
from avm_otio.media.film import Sources
from avm_otio.media.film_sound import length_in_samples, mixed
from avm_otio.media.loudness import Meter
from avm_otio.media.speech import speech_in
from avm_otio.mix.heard import Heard, Speech
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Media
from avm_otio.timeline.plan import ExportPlan


def hear_playing(
    plan: ExportPlan,
    media: Mapping[Media, Path],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Heard, Speech]:
    """Listen to what a plan plays, from its first frame to its last.

    Args:
        plan: What is heard; see ``timeline.playback``.
        media: Where each source lies.
        progress: Called with the seconds done and the seconds in all.

    Returns:
        What was heard, times of the plan: how loud it is, not where it begins or strikes. And where people
        speak.

    Raises:
        MediaError: A sound cannot be read.
    """
    sources = Sources.of(plan, media)
    samples = length_in_samples(plan)
    meter = Meter(2)

    def metered() -> Iterator[Samples]:
        done = 0
        for buses in mixed(plan, sources.infos, sources.clocks):
            meter.add(buses[0])
            yield buses[0]
            done += len(buses[0])
            progress(done // SAMPLE_RATE_HZ, samples // SAMPLE_RATE_HZ)

    speech = speech_in(metered())
    curve, _ = meter.finish()
    length_us = samples * 1_000_000 // SAMPLE_RATE_HZ
    return Heard(length_us, curve, 0, length_us, False, 0, 0, length_us), speech

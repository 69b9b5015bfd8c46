"""10,000 cues → timeline, against the time that OTIO needs to serialise that timeline."""

from __future__ import annotations

import random
import statistics
import time
from fractions import Fraction

import opentimelineio as otio

from avm_otio.formats.otio.read import from_otio
from avm_otio.formats.otio.write import timeline_of
from avm_otio.mix.answers import read_cues
from avm_otio.mix.placement import lay
from avm_otio.mix.tracks import Origin, add_tracks
from avm_otio.timeline.model import Media
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, RecordTime, format_timestamp, snap_rate

CUES = 10_000
RUNS = 7
SECONDS = 7200


def answer(cues: int, alternatives: int) -> dict[str, object]:
    dice = random.Random(1)
    effects = []
    for number in range(cues):
        start = dice.randrange(SECONDS * 10**6)
        items = [
            {
                "id": number * 3 + k,
                "price": 200.0,
                "duration": None,
                "url": "https://…",
                "title": f"S-{k}",
                "is_bought": False,
            }
            for k in range(alternatives)
        ]
        effects.append(
            {
                "start_at": format_timestamp(start),
                "end_at": format_timestamp(start + dice.randrange(4 * 10**6)),
                "object_class": 1166,
                "action_labels": [741, 1135],
                "sound_effect_items": items,
            }
        )
    return {"is_done": True, "sound_effect_service": {"is_done": True, "sound_effects": effects}}


def main() -> None:
    rate = snap_rate(23.976)
    cut = otio.schema.Timeline("cut")
    start, duration = (otio.opentime.RationalTime(frames, float(rate)) for frames in (0, SECONDS * 24))
    whole = otio.opentime.TimeRange(start, duration)
    cut.tracks.append(otio.schema.Track("V1", [otio.schema.Clip("a", source_range=whole)]))
    film_map = FilmMap(RecordTime(Fraction(0)), Fraction(1), FilmTime(Fraction(SECONDS)))
    sound = Media("x.wav", "media/x.wav", duration=Fraction(3), sample_rate_hz=48_000, channels=2)
    for alternatives in (1, 3):
        document = answer(CUES, alternatives)
        ours, theirs = [], []
        for _ in range(RUNS):
            started = time.perf_counter()
            laid = lay(read_cues(document), film_map, rate, lambda _: sound)
            scored = timeline_of(add_tracks(from_otio(cut), laid, Origin("local", "USD", "en", 1, 2)))
            ours.append(time.perf_counter() - started)
            started = time.perf_counter()
            size = len(scored.to_json_string())
            theirs.append(time.perf_counter() - started)
            del laid, scored  # what is thrown away is in neither figure
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        print(
            f"{CUES} cues × {alternatives} items: {statistics.median(ours):.2f} s to lay, "
            f"{statistics.median(theirs):.2f} s to serialise ({size / 1e6:.0f} MB): {ratio:.1f} ×"
        )


if __name__ == "__main__":
    main()

"""Fitting and levelling a 90-minute film with 12 pieces of music and 400 effects, once all is heard.

The pure part alone: no file is read. Everything is generated: speech for half of the film, a piece for about
every seven minutes, effects everywhere. Processor time, the least of three. Goal: under 2 s.

Usage: python benchmarks/soundtrack.py
"""

from __future__ import annotations

import random
import sys
import time
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from avm_otio.mix.cues import Cue, Item
from avm_otio.mix.heard import STEP_US, Curve, Heard, Speech
from avm_otio.mix.laid_music import laid_music
from avm_otio.mix.levels import Levelled, level
from avm_otio.mix.music_plan import MusicPer, MusicPlan, plan_music
from avm_otio.mix.placement import Laid, LaidClip, Lane
from avm_otio.services import EFFECTS, MUSIC
from avm_otio.timeline.model import Clip, Media, Stem
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, FrameSpan, MediaTime, RecordTime
from tests.mix.heard_music import piece

RATE = Fraction(24)
SECONDS, PIECES, EFFECTS_LAID = 90 * 60, 12, 400
GOAL_S = 2.0
RUNS = 3


def curve(seconds: float, chance: random.Random, level: float = 0.005) -> Curve:
    """Something that goes up and down."""
    steps = range(round(seconds * 1e6 / STEP_US))
    power = tuple(level * chance.uniform(0.3, 2.0) for _ in steps)
    return Curve(power, tuple((each * 6) ** 0.5 for each in power))


def sound(seconds: float, chance: random.Random) -> Heard:
    """An effect, or a film's own sound."""
    length_us = round(seconds * 1e6)
    return Heard(length_us, curve(seconds, chance), 0, length_us, False, 0, 100_000, length_us // 2)


def spoken(chance: random.Random) -> Speech:
    """An utterance of a few seconds about every six."""
    at, found = 0.0, []
    while at < SECONDS - 10:
        at += chance.uniform(0.5, 6)
        end = at + chance.uniform(1, 5)
        found.append((round(at * 1e6), round(end * 1e6)))
        at = end
    return Speech(tuple(found))


def main() -> None:
    chance = random.Random(1)
    music = [piece(chance.uniform(90, 300), bpm=chance.choice((60, 92.5, 120, 128))) for _ in range(PIECES)]
    own, speech = sound(SECONDS, chance), spoken(chance)
    hits = [sound(chance.uniform(0.3, 4), chance) for _ in range(EFFECTS_LAID)]
    cuts = [RecordTime(Fraction(at)) for at in range(6, SECONDS, 6)]
    film_map = FilmMap(RecordTime(Fraction(0)), Fraction(1), FilmTime(Fraction(SECONDS)))
    pieces = [Item(at, f"Piece {at}", "", None, None, {}, kind=MUSIC.item) for at in range(PIECES)]
    sounds = [Item(at, f"Hit {at}", "", None, None, {}, kind=EFFECTS.item) for at in range(EFFECTS_LAID)]
    heard = {item.name: found for item, found in zip((*pieces, *sounds), (*music, *hits), strict=True)}
    places = [Fraction(SECONDS * at, EFFECTS_LAID) for at in range(EFFECTS_LAID)]
    spots = [spot(item, at, found) for item, at, found in zip(sounds, places, hits, strict=True)]
    seconds: dict[str, list[float]] = {"fitting": [], "levelling": []}
    media = Media("piece.wav", "piece.wav", duration=Fraction(400), sample_rate_hz=48_000, channels=2)
    for _ in range(RUNS):
        begun = time.process_time()
        planned = planned_of(music, cuts, speech)
        fitted = time.process_time()
        bed = laid_music(MUSIC, Cue(0, None, tuple(pieces)), planned, pieces, lambda _: media, film_map)
        lanes = (bed, Lane(EFFECTS, "Effects", tuple(spots)))
        done = levelled(Laid(RATE, lanes), film_map, heard, own, speech)
        seconds["fitting"].append(fitted - begun)
        seconds["levelling"].append(time.process_time() - fitted)
    keys = sum(len(clip.clip.mix.keys) for lane in done.laid.lanes for clip in lane.clips)
    whole = min(map(sum, zip(*seconds.values(), strict=True)))
    laid = f"{len(bed.clips)} clips of {len(planned.pieces)} pieces, {keys} key frames"
    fitting, levelling = (min(each) for each in seconds.values())
    print(f"{len(speech.spoken)} utterances, {laid}")
    print(f"fitting {fitting:.2f} s, levelling {levelling:.2f} s of processor time")
    print(f"together {whole:.2f} s: {whole / GOAL_S:.2f} of the goal")


def planned_of(music: list[Heard], cuts: list[RecordTime], speech: Speech) -> MusicPlan:
    utterances = [
        (RecordTime(Fraction(start, 10**6)), RecordTime(Fraction(end, 10**6))) for start, end in speech.spoken
    ]
    span = FrameSpan(0, SECONDS * 24)
    return plan_music(music, span, RATE, per=MusicPer.SCENE, cuts=cuts, spoken=utterances)


def spot(item: Item, at: Fraction, found: Heard) -> LaidClip:
    length = Fraction(found.length_us, 10**6)
    media = Media(
        f"{item.title}.wav", f"{item.title}.wav", duration=length, sample_rate_hz=48_000, channels=2
    )
    clip = Clip(
        str(item.title),
        RecordTime(at),
        RecordTime(at + length),
        media,
        MediaTime(Fraction(0)),
        stem=Stem(EFFECTS.stem),
    )
    start_us = round(at * 10**6)
    return LaidClip(clip, Cue(start_us, start_us + found.length_us, (item,)))


def levelled(laid: Laid, film_map: FilmMap, heard: dict[str, Heard], own: Heard, speech: Speech) -> Levelled:
    return level(laid, film_map, lambda item: heard.get(item.name), own=own, speech=speech)


if __name__ == "__main__":
    main()

"""Which music fits a film, and why: pure, and the same for the same film and library.

What was asked for counts most: words, tempo, genre, instrument, a piece that it should be like. Then how
fast and bright the film is, whether a piece's energy goes as the film's does, and whether it is long enough.
Of pieces that fit nearly alike the next is one that differs from those before it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine.items import LibraryItem
from avm_otio.engine.place import place_of
from avm_otio.engine.sorting import Kind
from avm_otio.engine.sound_words import SoundWords
from avm_otio.engine.traits import FilmTraits
from avm_otio.engine.vocabulary import EMOTIONS, GENRES, INSTRUMENTS, ids_in

_MUSIC_OFFERED = 10

_CONSIDERED = 60
"""Of so many that fit best the offered ones are chosen to differ."""

_WORDS, _MOOD, _GENRE, _INSTRUMENT, _LIKE = 2.0, 1.2, 2.0, 2.0, 3.0
_TEMPO, _ASKED_TEMPO, _BRIGHTNESS, _ENERGY, _LONG = 1.0, 4.0, 0.15, 0.8, 1.5
"""What each is worth at most; brightness for each octave off."""

_ALIKE = 0.6
"""What it takes off that a piece is as one that is offered before it."""

_OCTAVE = 0.25
"""Half or twice the tempo that was asked for is a quarter of an octave off: it can be counted either way."""

_POINTS = 16
"""How many parts of a film and of a piece are compared."""

_LEAST_SPREAD = 0.15
"""A film whose energy changes less has no curve that music could follow."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MusicWish:
    """What was asked of the music.

    Attributes:
        text: What it should be like, in words.
        bpm: Its tempo.
        genres: Ids of ``vocabulary``.
        instruments: Ids of ``vocabulary``.
        likeness: How like the piece that was named each item sounds, 0 to 1, by its id; empty where none was.
    """

    text: str = ""
    bpm: float | None = None
    genres: tuple[int, ...] = ()
    instruments: tuple[int, ...] = ()
    likeness: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """A piece that is offered, and why."""

    item: LibraryItem
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Rated:
    item: LibraryItem
    worth: float
    reasons: tuple[str, ...]


def rank_music(film: FilmTraits, items: Sequence[LibraryItem], wish: MusicWish) -> tuple[Choice, ...]:
    """Music for a film, best first.

    Args:
        film: What was found in it.
        items: The library.
        wish: What was asked for.
    """
    music = [item for item in items if item.kind is Kind.MUSIC]
    similarities = _similarities(music, wish.text)
    energy = film_energy(film)
    rated = [_rated(item, film, wish, similarities.get(item.id, 0.0), energy) for item in music]
    rated.sort(key=lambda each: (-each.worth, each.item.path))
    return tuple(Choice(each.item, each.reasons) for each in _differing(rated[:_CONSIDERED]))


def film_energy(film: FilmTraits) -> Floats | None:
    """How much happens in each part of a film, 0 to 1; ``None`` where that hardly changes."""
    if film.duration_us <= 0:
        return None
    parts = np.zeros(_POINTS)
    for moments, weight in ((film.picture.cuts, 1.0), (film.picture.busiest, film.picture.most_motion)):
        for moment in moments:
            parts[min(moment.at_us * _POINTS // film.duration_us, _POINTS - 1)] += weight * moment.strength
    smooth = np.convolve(np.pad(parts, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    top = float(smooth.max())
    if top <= 0:
        return None
    curve: Floats = smooth / top
    return curve if float(curve.std()) >= _LEAST_SPREAD else None


def _similarities(music: Sequence[LibraryItem], text: str) -> dict[int, float]:
    """How well names and tags speak of what was asked for, 1 for the best."""
    if not text.strip():
        return {}
    ranked = SoundWords(music).ranked(text, least=0.02)
    best = ranked[0].score if ranked else 1.0
    return {each.item.id: each.score / best for each in ranked}


def _rated(
    item: LibraryItem, film: FilmTraits, wish: MusicWish, similarity: float, energy: Floats | None
) -> _Rated:
    worth, reasons = 0.0, []

    def add(value: float, reason: str, *, is_reason: bool) -> None:
        nonlocal worth
        worth += value
        if is_reason:
            reasons.append(reason)

    named = f"{item.path} {item.tags.genre} {item.tags.keywords}"
    add(_WORDS * similarity, "its name or tags speak of what was asked for", is_reason=similarity >= 0.5)
    moods = set(ids_in(wish.text, EMOTIONS)) & set(ids_in(f"{item.title} {item.tags.keywords}", EMOTIONS))
    add(_MOOD * len(moods), "its mood is the one that was asked for", is_reason=bool(moods))
    genre = set(ids_in(named, GENRES)) & (set(wish.genres) | set(ids_in(wish.text, GENRES)))
    add(_GENRE * bool(genre), "its genre was asked for", is_reason=bool(genre))
    instrument = set(ids_in(named, INSTRUMENTS)) & set(wish.instruments)
    add(_INSTRUMENT * bool(instrument), "its instrument was asked for", is_reason=bool(instrument))
    like = wish.likeness.get(item.id, 0.0)
    add(_LIKE * like, f"it sounds like the piece that was named ({like:.0%})", is_reason=like >= 0.5)

    activity = _activity(film)
    bpm = wish.bpm or 70.0 + 65.0 * activity
    off = 0.5 if item.tempo_bpm is None else _octaves_off(item.tempo_bpm, bpm, is_asked=wish.bpm is not None)
    tempo = "no beat" if item.tempo_bpm is None else f"{item.tempo_bpm:.0f} bpm"
    why = "what was asked for" if wish.bpm else "how lively the film is"
    add(-(_ASKED_TEMPO if wish.bpm else _TEMPO) * off, f"{tempo}: close to {why}", is_reason=off <= 0.1)
    bright_hz = 180.0 * 2 ** (1.5 * activity)
    dark = abs(math.log2(max(item.brightness_hz, 20.0) / bright_hz))
    add(-_BRIGHTNESS * dark, "about as bright as the film is lively", is_reason=dark <= 0.5)
    along = _goes_along(item, energy)
    add(_ENERGY * along, "its energy goes as the film's does", is_reason=along >= 0.4)
    share = min(item.duration_us / max(film.duration_us, 1), 1.0)
    add(_LONG * share, "long enough for the whole film", is_reason=share >= 1)
    return _Rated(item, worth, tuple(reasons))


def _octaves_off(bpm: float, wanted: float, *, is_asked: bool) -> float:
    """How far a tempo is from the one that is wanted, in octaves, at most 1."""
    off = abs(math.log2(bpm / wanted))
    if is_asked:
        off = min(off, _OCTAVE + abs(off - 1))
    return min(off, 1.0)


def _goes_along(item: LibraryItem, energy: Floats | None) -> float:
    """How a piece's energy goes with a film's: 1 the same way, -1 the other way, 0 where one is even."""
    if energy is None or len(item.energy_db) < 2:
        return 0.0
    places = np.linspace(0, len(item.energy_db) - 1, _POINTS)
    curve = np.interp(places, np.arange(len(item.energy_db)), np.maximum(item.energy_db, -30.0))
    if curve.std() < 1.0:
        return 0.0
    return float(np.corrcoef(curve, energy)[0, 1])


def _differing(rated: Sequence[_Rated]) -> list[_Rated]:
    """The best, then always the one that is best once it is counted how like it is to those before it."""
    left = list(rated)
    chosen: list[_Rated] = []
    while left and len(chosen) < _MUSIC_OFFERED:
        best = max(
            left, key=lambda each: each.worth - _ALIKE * max((_alike(each, one) for one in chosen), default=0)
        )
        left.remove(best)
        chosen.append(best)
    return chosen


def _alike(one: _Rated, other: _Rated) -> float:
    """How like two pieces are, 0 to 1."""
    first, second = one.item, other.item
    same = [
        place_of(first.path).folders == place_of(second.path).folders,
        bool(first.tags.artist) and first.tags.artist == second.tags.artist,
        first.key is not None and first.key == second.key,
        abs(math.log2((first.tempo_bpm or 1.0) / (second.tempo_bpm or 2.0))) < 0.06,
        abs(math.log2(max(first.brightness_hz, 20.0) / max(second.brightness_hz, 20.0))) < 0.3,
        bool(set(ids_in(first.path, GENRES)) & set(ids_in(second.path, GENRES))),
    ]
    return sum(same) / len(same)


def _activity(film: FilmTraits) -> float:
    """How lively a film is, from 0 to 1: cuts (30 a minute are lively), motion, loudness."""
    minutes = max(film.duration_us / 60e6, 1 / 60)
    cutting = min(len(film.picture.cuts) / minutes / 30.0, 1.0)
    loudness = film.sound.loudness_lufs
    loud = 0.5 if loudness is None else min(max((loudness + 40) / 30, 0.0), 1.0)
    return 0.5 * cutting + 0.35 * min(2 * film.picture.motion, 1.0) + 0.15 * loud

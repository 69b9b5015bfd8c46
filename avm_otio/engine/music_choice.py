"""Which music fits a film: pure, and the same for the same film and library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from avm_otio.engine.library import Kind, LibraryItem
from avm_otio.engine.traits import FilmTraits
from avm_otio.engine.vocabulary import EMOTIONS, GENRES, INSTRUMENTS, ids_in, words_of

_MUSIC_OFFERED = 10


@dataclass(frozen=True, slots=True)
class MusicWish:
    """What was asked of the music. Ids are those of ``vocabulary``."""

    text: str = ""
    bpm: float | None = None
    genres: tuple[int, ...] = ()
    instruments: tuple[int, ...] = ()


def rank_music(film: FilmTraits, items: Sequence[LibraryItem], wish: MusicWish) -> tuple[LibraryItem, ...]:
    """Music for a film, best first: by what was asked, then by how fast and bright the film is."""
    activity = _activity(film)
    bpm = wish.bpm or 70.0 + 65.0 * activity
    bright_hz = 180.0 * 2 ** (1.5 * activity)
    asked = set(words_of(wish.text))
    moods = set(ids_in(wish.text, EMOTIONS))

    def cost(item: LibraryItem) -> tuple[float, str]:
        tempo = 0.5 if item.tempo_bpm is None else min(abs(math.log2(item.tempo_bpm / bpm)), 1.0)
        brightness = abs(math.log2(max(item.brightness_hz, 20.0) / bright_hz))
        genres = set(ids_in(item.path, GENRES))
        genre = bool(genres & (set(wish.genres) | set(ids_in(wish.text, GENRES))))
        instrument = bool(set(ids_in(item.path, INSTRUMENTS)) & set(wish.instruments))
        mood = len(moods & set(ids_in(item.title, EMOTIONS)))
        words = len(asked & set(words_of(item.title)))
        fits = 1.5 * mood + 0.5 * words + 2.0 * genre + 2.0 * instrument
        return (4.0 if wish.bpm else 1.0) * tempo + 0.15 * brightness - fits, item.path

    return tuple(sorted((item for item in items if item.kind is Kind.MUSIC), key=cost))[:_MUSIC_OFFERED]


def _activity(film: FilmTraits) -> float:
    """How lively a film is, from 0 to 1: cuts (30 a minute are lively), motion, loudness."""
    minutes = max(film.duration_us / 60e6, 1 / 60)
    cutting = min(len(film.picture.cuts) / minutes / 30.0, 1.0)
    loudness = film.sound.loudness_lufs
    loud = 0.5 if loudness is None else min(max((loudness + 40) / 30, 0.0), 1.0)
    return 0.5 * cutting + 0.35 * min(2 * film.picture.motion, 1.0) + 0.15 * loud

"""What a piece of music is made of: its beat, the places where it can be joined, its sections."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.media.features import SLOW, Features
from avm_otio.media.rhythm import rhythm_of
from avm_otio.mix.heard import STEP_US, Curve, Music, Section
from avm_otio.mix.loudness import integrated
from avm_otio.timeline.model import SAMPLE_RATE_HZ

_SLOW_US = SLOW * 1_000_000 // SAMPLE_RATE_HZ
_PLACE_US = 500_000
"""Between two places of a piece without a beat."""

_SECTION_BARS, _SECTION_US = 4, 6_000_000
"""The shortest section: bars of a piece that has them, else so long."""

_COMMON = 0.7
"""How much of what all of a piece sounds like is left out: what is alike throughout tells nothing apart."""

_EDGE = 0.12
"""How much liker what is on one side of a boundary must be to itself than to the other side."""

_SAME, _SAME_LU = 0.85, 4.0
"""From this likeness on, and within so much, two sections are one again."""

Floats = NDArray[np.floating[Any]]


def music_of(features: Features, curve: Curve, begins_us: int, ends_us: int) -> Music:
    """What a piece is made of.

    Args:
        features: The piece, watched.
        curve: How loud it is.
        begins_us: Where it really begins.
        ends_us: Where it really ends; nothing is found in silence.
    """
    if ends_us <= begins_us:
        return Music(None, (), (), ())
    rhythm = rhythm_of(features, begins_us / 1e6, ends_us / 1e6)
    if rhythm is None:
        places = [*range(begins_us, ends_us, _PLACE_US)]
        least = _SECTION_US // _PLACE_US
    else:
        downbeats = (rhythm.beats_us[beat] for beat in rhythm.downbeats)
        places = [place for place in downbeats if begins_us - _SLOW_US <= place < ends_us]
        least = _SECTION_BARS
    vectors = _vectors(features, [*places, ends_us])
    edges = _edges(vectors, least)
    bounds = [begins_us, *(places[edge] for edge in edges), ends_us]
    return Music(
        rhythm=rhythm,
        sections=_sections(vectors, [0, *edges, len(places)], bounds, curve),
        places_us=tuple(places),
        likeness=tuple(tuple(round(float(value), 3) for value in vector) for vector in vectors),
    )


def _vectors(features: Features, bounds_us: list[int]) -> Floats:
    """What is heard from each bound to the next: harmony and timbre, of length 1."""
    count = len(features.chroma)
    parts = []
    for start, end in pairwise(bounds_us):
        first = min(max(round(start / _SLOW_US), 0), count - 1)
        last = min(max(round(end / _SLOW_US), first + 1), count)
        parts.append((features.chroma[first:last].mean(axis=0), features.timbre[first:last].mean(axis=0)))
    if not parts:
        return np.zeros((0, 24))
    chroma, timbre = (np.array(values, np.float64) for values in zip(*parts, strict=True))
    timbre -= timbre.mean(axis=1, keepdims=True)
    timbre -= _COMMON * timbre.mean(axis=0)
    return _unit(np.concatenate([_unit(chroma), _unit(timbre)], axis=1))


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Floats = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 1e-9)
    return unit


def _edges(vectors: Floats, least: int) -> list[int]:
    """Places at which a new section begins: where what comes is unlike what was (Foote, 2000)."""
    alike = vectors @ vectors.T
    count = len(vectors)
    contrast = np.zeros(count + 1)
    for place in range(least, count - least + 1):
        past, future = slice(max(place - 2 * least, 0), place), slice(place, place + 2 * least)
        within = (alike[past, past].mean() + alike[future, future].mean()) / 2
        contrast[place] = within - alike[past, future].mean()
    edges: list[int] = []
    for place in np.argsort(-contrast, kind="stable"):
        if contrast[place] < _EDGE:
            break
        if all(abs(int(place) - edge) >= least for edge in edges):
            edges.append(int(place))
    return sorted(edges)


def _sections(vectors: Floats, edges: list[int], bounds: list[int], curve: Curve) -> tuple[Section, ...]:
    labelled: list[tuple[Floats, float]] = []
    sections = []
    for (first, last), (start, end) in zip(pairwise(edges), pairwise(bounds), strict=True):
        sound = _unit(vectors[first:last].mean(axis=0, keepdims=True))[0] if last > first else np.zeros(24)
        steps = slice(start // STEP_US, max(end // STEP_US, start // STEP_US + 1))
        loudness = integrated(curve.power[steps])
        alike = [
            float(sound @ other) if abs(loudness - level) <= _SAME_LU else -1.0 for other, level in labelled
        ]
        if alike and max(alike) >= _SAME:
            label = alike.index(max(alike))
        else:
            label = len(labelled)
            labelled.append((sound, loudness))
        sections.append(Section(start, end, _letters(label), loudness))
    return tuple(sections)


def _letters(number: int) -> str:
    """A to Z, then AA, AB and so on."""
    text = ""
    while number >= 0:
        text = chr(ord("A") + number % 26) + text
        number = number // 26 - 1
    return text

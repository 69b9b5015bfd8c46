"""How a sound sounds, as a few numbers: those of two takes of one sound lie near each other."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.mix.heard import Heard
from avm_otio.timeline.model import SAMPLE_RATE_HZ

if TYPE_CHECKING:  # FFmpeg comes with it, which is not needed to search
    from avm_otio.media.features import Features

Floats = NDArray[np.floating[Any]]

_BANDS = 20
_LOWEST_HZ = 60.0
_RANGE_DB = 50.0
_SLOW_US = 50_000
"""A step of the features' timbre."""

_OUTLINE = 8

SIZE = _BANDS + 12 + 12 + _OUTLINE + 4
"""How many numbers there are."""


def signature_of(heard: Heard, features: Features, spectrum: Floats) -> list[int]:
    """The numbers, each in hundredths of what makes an audible difference.

    Args:
        heard: The sound.
        features: The same, watched.
        spectrum: Its power from 0 Hz to half the rate, summed.
    """
    first = heard.begins_us // _SLOW_US
    last = max(-(-heard.ends_us // _SLOW_US), first + 1)
    timbre = features.timbre[first:last]
    timbre = timbre if len(timbre) else features.timbre[:1]
    level = timbre.mean(axis=1)
    loud = timbre[level >= level.max() - 4.0]
    shape = loud.mean(axis=0)
    grains = np.convolve(features.fine, np.full(10, 0.1), "same")[
        heard.begins_us // 1000 : heard.ends_us // 1000
    ]
    parts = (
        _spectral_shape(spectrum) / 5.0,
        (shape - shape.mean()) / 0.8,
        timbre.std(axis=0) / 0.8,
        _outline(grains) / 8.0,
        np.array(
            [
                math.log2(max(heard.ends_us - heard.begins_us, 1000) / 1e6) / 0.5,
                math.log2(max(heard.attack_us - heard.begins_us, 2000) / 1e6) / 2.0,
                float(np.log1p(features.novelty[first * 5 : last * 5].mean())) / 0.3,
                float(features.chroma.sum(axis=0).max() / max(features.chroma.sum(), 1e-9)) / 0.05,
            ]
        ),
    )
    return [round(100 * float(value)) for value in np.concatenate(parts)]


def _spectral_shape(spectrum: Floats) -> Floats:
    """The level of bands against their mean, in dB, as far as these are heard."""
    hertz = np.linspace(0, SAMPLE_RATE_HZ / 2, len(spectrum))
    edges = np.searchsorted(hertz, np.geomspace(_LOWEST_HZ, SAMPLE_RATE_HZ / 2, _BANDS + 1))
    levels = np.array([spectrum[a : max(b, a + 1)].mean() for a, b in pairwise(edges)])
    decibels = 10 * np.log10(np.maximum(levels, 1e-12))
    decibels = np.maximum(decibels, decibels.max() - _RANGE_DB)
    shape: Floats = decibels - decibels.mean()
    return shape


def _outline(grains: Floats) -> Floats:
    """How the level goes from its beginning to its end, in dB against its loudest part."""
    bounds = np.linspace(0, len(grains), _OUTLINE + 1).astype(np.int64)
    levels = [grains[a : max(b, a + 1)].mean() if a < len(grains) else 0.0 for a, b in pairwise(bounds)]
    decibels = 10 * np.log10(np.maximum(np.array(levels), 1e-12))
    outline: Floats = np.maximum(decibels - decibels.max(), -_RANGE_DB)
    return outline

"""One sound of a library: listened to once, its tags read. Also a program that measures one sound a line.

The program exists so that two cores work, and so that a file which ends its reader ends nothing else: it
reads a path as JSON from each line of its input, and writes what it measured as a line of JSON.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from avm_otio.engine.signature import signature_of
from avm_otio.engine.sound_analysis import brightness_of, tempo_of
from avm_otio.errors import AvmError, InputError
from avm_otio.media.features import Watcher
from avm_otio.media.listening import attend
from avm_otio.media.probe import probe
from avm_otio.media.tonality import key_of
from avm_otio.mix.heard import STEP_US, Curve, lufs
from avm_otio.mix.loudness import integrated
from avm_otio.tags import tags_of

ENERGY_POINTS = 32
"""How many levels an energy curve has."""

_SUFFIXES = {"aiff": ".aif", "mov": ".m4a", "matroska": ".mka", "asf": ".wma"} | {
    name: f".{name}" for name in ("wav", "w64", "flac", "mp3", "ogg", "caf", "aac", "wv", "ac3", "au", "amr")
}
"""By FFmpeg's names of formats: for files whose name has no ending."""

_TIMES = ("begins_us", "ends_us", "attack_us", "peak_us", "tail_us")
_QUIETEST_DB = -60.0


def measured(path: Path, check: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """What a sound is like: plain values, as the index keeps them.

    Args:
        path: The file.
        check: Called every few seconds of sound; may raise to break off.

    Raises:
        InputError: It is no sound, or a silent one.
        MediaError: It cannot be read.
    """
    info = probe(path)
    if info.video is not None and not info.is_still:
        raise InputError("it is a film.")
    watcher = Watcher()
    heard = attend(info, watcher, peaks=False, check=check)
    if not heard.sounds:
        raise InputError("it is silent.")
    features = watcher.finish()
    seconds = heard.length_us / 1e6
    loudness = integrated(heard.curve.power)
    tags = tags_of(path)
    return {
        "duration_us": heard.length_us,
        "channels": info.audio[0].channels
        if len(info.audio) == 1
        else sum(each.channels for each in info.audio),
        "sample_rate_hz": info.audio[0].sample_rate_hz,
        "suffix": _SUFFIXES.get(info.container.split(",")[0], ""),
        "loudness_lufs": round(loudness, 2) if math.isfinite(loudness) else None,
        **{name: getattr(heard, name) for name in _TIMES},
        "is_rising": heard.is_rising,
        "tempo_bpm": tags.stated_bpm or tempo_of(features, seconds),
        "key": tags.key or (key_of(features.chroma) if seconds >= 4 else None),
        "brightness_hz": brightness_of(watcher.spectrum),
        "energy_db": energy_curve(heard.curve),
        "signature": signature_of(heard, features, watcher.spectrum),
        "tags": {name: value for name in type(tags).__slots__ if (value := getattr(tags, name))},
    }


def energy_curve(curve: Curve, start_us: int = 0, end_us: int | None = None) -> list[float]:
    """How loud each part of a sound is against its loudest, in dB, all parts of one length; 0 at the loudest.

    Args:
        curve: How loud it is from step to step.
        start_us: Where the stretch begins that counts.
        end_us: Where it ends; at the sound's end by default.
    """
    steps = np.array(curve.power)[start_us // STEP_US : None if end_us is None else -(-end_us // STEP_US)]
    if not len(steps) or not steps.any():
        return []
    bounds = np.linspace(0, len(steps), min(ENERGY_POINTS, len(steps)) + 1).astype(np.int64)
    levels = np.array([lufs(float(steps[a:b].mean())) for a, b in pairwise(bounds)])
    return [round(float(level), 1) for level in np.maximum(levels - levels.max(), _QUIETEST_DB)]


def main() -> None:
    """Measure one sound a line until there are no more."""
    for line in sys.stdin:
        try:
            answer: dict[str, Any] = {"measured": measured(Path(json.loads(line)))}
        except AvmError as error:
            answer = {"refused": error.what}
        except Exception as error:  # whatever is wrong with one sound is wrong with that one
            answer = {"refused": f"it cannot be measured ({type(error).__name__})."}
        print(json.dumps(answer, separators=(",", ":")), flush=True)  # noqa: T201  # this is its answer


if __name__ == "__main__":
    main()

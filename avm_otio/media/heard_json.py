"""What was heard, as a text to keep beside its file: one line of JSON with its version and its checksum.

A text that was damaged may still be JSON, its times senseless: only what its checksum fits is believed.

Levels are kept in hundredths of a decibel, likeness in thousandths, times in microseconds.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterable
from typing import Any

from avm_otio.mix.heard import Curve, Heard, Music, Rhythm, Section, Speech, lufs, power_of

_VERSION = 3
"""Raised whenever listening finds something else, or says it otherwise: then files are heard again."""

_TIMES = ("length_us", "begins_us", "ends_us", "attack_us", "peak_us", "tail_us")
_FLAGS = ("is_cut_off", "is_rising")


def heard_text(heard: Heard) -> str:
    """What was heard in a sound, to be kept."""
    kept: dict[str, Any] = {"version": _VERSION}
    kept |= {name: getattr(heard, name) for name in (*_TIMES, *_FLAGS)}
    kept["power_clufs"] = [_hundredths(lufs(power)) for power in heard.curve.power]
    kept["peak_cdb"] = [_hundredths(_decibels(peak)) for peak in heard.curve.peak]
    if heard.music is not None:
        kept["music"] = _music(heard.music)
    if heard.grains:
        kept["grains_clufs"] = [_hundredths(lufs(power)) for power in heard.grains]
    return _line(kept)


def heard_in(text: str) -> Heard | None:
    """What was kept; ``None`` where the text is of another version or damaged, so that it is heard again."""
    try:
        kept = _read(text)
        grains = tuple(_power(level) for level in kept.get("grains_clufs", ()))
        curve = Curve(
            tuple(_power(level) for level in kept["power_clufs"]),
            tuple(10 ** (level / 2000) if level is not None else 0.0 for level in kept["peak_cdb"]),
        )
        music = _music_in(kept["music"]) if "music" in kept else None
        values: dict[str, Any] = {name: int(kept[name]) for name in _TIMES}
        values |= {name: bool(kept[name]) for name in _FLAGS}
        return Heard(curve=curve, music=music, grains=grains, **values)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError):
        return None


def _power(level_clufs: int | None) -> float:
    return power_of(level_clufs / 100) if level_clufs is not None else 0.0


def speech_text(speech: Speech) -> str:
    """Where people speak, to be kept."""
    return _line({"version": _VERSION, "spoken_us": speech.spoken})


def speech_in(text: str) -> Speech | None:
    """What was kept; ``None`` where the text is of another version or damaged."""
    try:
        return Speech(tuple((int(start), int(end)) for start, end in _read(text)["spoken_us"]))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def as_kept(heard: Heard) -> Heard:
    """The same as it is once it has been kept: what is heard now and what was heard before are one."""
    kept = heard_in(heard_text(heard))
    assert kept is not None
    return kept


def _music(music: Music) -> dict[str, Any]:
    rhythm = music.rhythm
    return {
        "rhythm": rhythm
        and {
            "bpm": round(rhythm.bpm, 3),
            "beats_us": rhythm.beats_us,
            "bar": rhythm.bar,
            "downbeats": rhythm.downbeats,
            "confidence": round(rhythm.confidence, 3),
        },
        "sections": [
            [section.start_us, section.end_us, section.label, _hundredths(section.loudness_lufs)]
            for section in music.sections
        ],
        "places_us": music.places_us,
        "likeness": [[round(1000 * value) for value in vector] for vector in music.likeness],
    }


def _music_in(kept: Any) -> Music:
    rhythm = kept["rhythm"]
    return Music(
        rhythm=rhythm
        and Rhythm(
            float(rhythm["bpm"]),
            _ints(rhythm["beats_us"]),
            int(rhythm["bar"]),
            _ints(rhythm["downbeats"]),
            float(rhythm["confidence"]),
        ),
        sections=tuple(
            Section(int(start), int(end), str(label), -math.inf if level is None else level / 100)
            for start, end, label, level in kept["sections"]
        ),
        places_us=_ints(kept["places_us"]),
        likeness=tuple(tuple(value / 1000 for value in vector) for vector in kept["likeness"]),
    )


def _ints(values: Iterable[Any]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)


def _hundredths(level: float) -> int | None:
    return round(100 * level) if math.isfinite(level) else None


def _decibels(peak: float) -> float:
    return 20 * math.log10(peak) if peak > 0 else -math.inf


def _line(kept: dict[str, Any]) -> str:
    return _plain(kept | {"crc": zlib.crc32(_plain(kept).encode())}) + "\n"


def _plain(kept: dict[str, Any]) -> str:
    return json.dumps(kept, separators=(",", ":"), allow_nan=False)


def _read(text: str) -> dict[str, Any]:
    kept = json.loads(text)
    if not isinstance(kept, dict) or kept.get("version") != _VERSION:
        raise ValueError("another version")
    crc = kept.pop("crc", None)
    if crc != zlib.crc32(_plain(kept).encode()):
        raise ValueError("damaged")
    return kept

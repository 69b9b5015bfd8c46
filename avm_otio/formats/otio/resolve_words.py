"""What DaVinci Resolve says under its own key of an OTIO object's metadata, in OTIO's JSON form.

Source of every name and shape here: files that Resolve wrote itself, unless it says [3p] (reported by others
who measured it, likely but not proven).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from avm_otio.timeline.features import Feature
from avm_otio.timeline.gain import on_frames, words_of_ramps
from avm_otio.timeline.losses import words_of_pan
from avm_otio.timeline.model import SAMPLE_RATE_HZ, GainKey, ImageSequence, Mix
from avm_otio.timeline.time import exact_value, from_micros, nearest_frame, to_micros

Json = Mapping[str, Any]

RESOLVE = "Resolve_OTIO"
"""The key of DaVinci Resolve's own metadata."""

VOLUME = "Fairlight Clip Volume and Fades"
"""The effect of a clip's gain and fades: ``volume`` in decibels, its key frames counted from the clip's head
on the timeline; ``faderIn`` and ``faderOut`` in frames [3p]."""

VOLUME_TYPE = 62
"""Its ``Type``."""

LOWEST_DB, HIGHEST_DB = -100.0, 30.0
"""Between what its ``volume`` lies: stands beside every value."""

LONGEST_FADE = 2_147_483_647.0
"""``maxValue`` of its fades, in frames [3p]."""

AUDIO_TYPES = {1: "Mono", 2: "Stereo", 6: "5.1", 8: "7.1"}
"""Channels of a track → ``Audio Type``. ``Stereo`` stands in its files; the others are its API's words."""

_CHANNELS = {"mono": 1, "stereo": 2, "lcr": 3, "quad": 4, "5.0": 5, "5.1": 6, "7.0": 7, "7.1": 8}
_ADAPTIVE = re.compile(r"adaptive\s*(\d{1,2})", re.ASCII | re.IGNORECASE)

_SEQUENCE = re.compile(
    r"(?P<folder>.*[/\\])?(?P<prefix>[^/\\]*)\[(?P<first>\d+)-(?P<last>\d+)\](?P<suffix>[^/\\]*)", re.ASCII
)
"""How it names numbered images: ``shot.[1001-1099].tif``."""


def channels_of_track(noted: Json) -> int | None:
    """How many channels a track has; ``None`` where nothing says."""
    audio_type = str(noted.get("Audio Type", "")).lower()
    adaptive = _ADAPTIVE.fullmatch(audio_type)
    if adaptive:
        return int(adaptive[1]) or None
    return _CHANNELS.get(audio_type.removesuffix("film"))


def channels_of_clip(noted: Json) -> tuple[int, ...]:
    """Which channels of its media a clip plays, from 0; empty where nothing says.

    A file of many mono streams is listed by stream, all of them channel 0: there the stream is the channel.
    """
    listed = noted.get("Channels")
    pairs = [
        (int(one.get("Source Channel ID", 0)), int(one.get("Source Track ID", 0)))
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, Mapping) and "Source Channel ID" in one
    ]
    if any(stream for _, stream in pairs) and not any(channel for channel, _ in pairs):
        return tuple(stream for _, stream in pairs)
    return tuple(channel for channel, _ in pairs)


def path_of_offline(reference: Json, clip: Json) -> str:
    """Where media that Resolve could not find should be; empty where it does not say.

    Args:
        reference: What stands under its key of the media reference.
        clip: What stands under its key of the clip, where other programs keep it.
    """
    return str(reference.get("Media Url") or clip.get("Media Url") or "")


def mix_of(noted: Json, rate: Fraction) -> Mix:
    """What the volume effect says; an effect that is switched off says nothing.

    Args:
        noted: What stands under Resolve's key of the effect.
        rate: Frames a second of the timeline.
    """
    if noted.get("Enabled") is False:
        return Mix()
    values: dict[str, float] = {}
    keys: list[GainKey] = []
    for parameter in _parameters(noted):
        name = str(parameter.get("Parameter ID", ""))
        values[name] = _number(parameter.get("Parameter Value"))
        if name == "volume":
            frames = parameter.get("Key Frames")
            keys = [
                GainKey(exact_value(float(at)) / rate, _number(key.get("Value")))
                for at, key in (frames.items() if isinstance(frames, Mapping) else ())
                if isinstance(key, Mapping)
            ]
    keys.sort(key=lambda key: key.at)
    fade_in, fade_out = (
        to_micros(max(Fraction(0), exact_value(values.get(name, 0.0))) / rate)
        for name in ("faderIn", "faderOut")
    )
    return Mix(0.0 if keys else values.get("volume", 0.0), fade_in, fade_out, tuple(keys))


@lru_cache(maxsize=1024)  # the effects of a timeline are mixed alike
def volume_effect(mix: Mix, rate: Fraction) -> tuple[dict[str, Any], tuple[tuple[Feature, str], ...]]:
    """The effect that says a mix, in OTIO's JSON form; what is at its default is left out of it.

    Args:
        mix: The gain and the fades.
        rate: Frames a second of the timeline.

    Returns:
        The effect, which is to be read only, and what it cannot say as it is.
    """
    losses: list[tuple[Feature, str]] = []

    def held(gain_db: float) -> float:
        within = min(HIGHEST_DB, max(LOWEST_DB, gain_db))
        if within != gain_db:
            losses.append((Feature.GAIN, f"gain of {gain_db:g} dB written as {within:g} dB"))
        return within

    for key in mix.keys:
        if abs(nearest_frame(key.at, rate) / rate - key.at) * SAMPLE_RATE_HZ >= 1:
            losses.append((Feature.TIME, f"gain key frame at {float(key.at):g} s moved to its nearest frame"))
    snapped = on_frames(mix.keys, rate)
    keys = {frame: held(gain_db) for frame, gain_db in snapped.points}
    if snapped.ramps:
        losses.append((Feature.GAIN, words_of_ramps(snapped.ramps)))
    if mix.pan:
        losses.append((Feature.PAN, f"pan of {words_of_pan(mix.pan)} not written"))
    # A value equal to the default beside it is dropped, and its key frames may go with it [3p]: so beside key
    # frames stands the first of theirs that differs.
    gain = next((one for one in keys.values() if one), 0.0) if keys else held(mix.gain_db)
    parameters: list[dict[str, Any]] = []
    if gain or keys:
        frames = {str(at): {"Value": value, "Variant Type": "Double"} for at, value in keys.items()}
        parameters.append(_parameter("volume", gain, LOWEST_DB, HIGHEST_DB) | {"Key Frames": frames})
    for fader, length_us in (("faderIn", mix.fade_in_us), ("faderOut", mix.fade_out_us)):
        if length_us:
            length = float(from_micros(length_us) * rate)
            parameters.append(_parameter(fader, length, 0.0, LONGEST_FADE))
    return effect_json("Volume", VOLUME, VOLUME_TYPE, parameters), tuple(losses)


def effect_json(
    name: str, effect_name: str, kind: int, parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """One of Resolve's effects as it writes them."""
    noted = {
        "Effect Name": effect_name,
        "Enabled": True,
        "Name": name,
        "Parameters": parameters or [],
        "Type": kind,
    }
    return {
        "OTIO_SCHEMA": "Effect.1",
        "metadata": {RESOLVE: noted},
        "name": "",
        "effect_name": "Resolve Effect",
        "enabled": True,
    }


def _parameter(name: str, value: float, lowest: float, highest: float) -> dict[str, Any]:
    return {
        "Default Parameter Value": 0.0,
        "Parameter ID": name,
        "Parameter Value": value,
        "Variant Type": "Double",
        "maxValue": highest,
        "minValue": lowest,
    }


def does_something(noted: Json) -> bool:
    """Whether an effect changes anything: Resolve lists every effect of a clip, used or not."""
    return noted.get("Enabled") is not False and any(
        parameter.get("Key Frames")
        or parameter.get("Parameter Value") != parameter.get("Default Parameter Value")
        for parameter in _parameters(noted)
    )


def marker_origin(source_start: Fraction, media_start: Fraction, speed: Fraction, rate: Fraction) -> Fraction:
    """What Resolve counts at the head of a retimed clip: its markers run in frames of the timeline.

    Args:
        source_start: Media time at which the clip's source range begins, seconds.
        media_start: Media time of the first frame of the media.
        speed: Media seconds a record second, above 0.
        rate: Frames a second of the timeline.

    Returns:
        Seconds: a marker at this time stands at the clip's head, and each second after it is one of the
        timeline. (A clip at 2x from frame 39 with a marker at frame 24, five frames after its head.)
    """
    frame = ((source_start - media_start) / speed + media_start) * rate
    return (frame.numerator // frame.denominator) / rate


def sequence_of(url: str) -> tuple[str, ImageSequence] | None:
    """The folder and numbering of images named as ``shot.[1001-1099].tif``; ``None`` for a file."""
    found = _SEQUENCE.fullmatch(url)
    if found is None or int(found["last"]) < int(found["first"]):
        return None
    numbering = ImageSequence(
        prefix=found["prefix"],
        suffix=found["suffix"],
        start_number=int(found["first"]),
        step=1,
        padding=len(found["first"]),
    )
    return found["folder"] or "", numbering


def sequence_name(numbering: ImageSequence, images: int) -> str:
    """How Resolve names numbered images, in one file name."""
    last = numbering.start_number + max(0, images - 1)
    padding = numbering.padding
    numbers = f"[{numbering.start_number:0{padding}d}-{last:0{padding}d}]"
    return f"{numbering.prefix}{numbers}{numbering.suffix}"


def _parameters(noted: Json) -> Iterable[Json]:
    listed = noted.get("Parameters")
    return (one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, Mapping))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0

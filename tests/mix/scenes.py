"""Generated mixes: sounds as samples, what is heard of them, and the mix itself made the plain way.

The meters here are our own and apart from the program's: K weighting by its transfer function, true peak by
a spectrum with zeros. ``ebur128`` of libavfilter is the judge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction as F
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.mix.cues import Cue, Item
from avm_otio.mix.heard import Curve, Heard, Music, Section, Speech
from avm_otio.mix.placement import Laid, LaidClip, Lane
from avm_otio.services import MUSIC, Service
from avm_otio.timeline.model import Clip, Media, Mix, Stem
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, MediaTime, RecordTime

HZ = 48_000
STEP = HZ // 10
RATE = F(25)

Sound = NDArray[np.floating[Any]]
"""One channel, heard on both sides."""


@lru_cache(maxsize=8)
def _weights(length: int) -> Sound:
    """BS.1770's two filters at 48 kHz, as what they leave of each frequency."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(length))
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(shelf * high)


def _padded(sound: Sound) -> Sound:
    """A sound with silence after it, as long as is fast to transform."""
    padded = np.zeros(1 << (len(sound) + 5 * STEP).bit_length())
    padded[: len(sound)] = sound
    return padded


def _power_of(padded: Sound, steps: int, size: int) -> Sound:
    """The K-weighted mean square of each step of so many samples, on both sides."""
    weighted = np.fft.irfft(np.fft.rfft(padded) * _weights(len(padded)), len(padded))[: steps * size]
    return np.asarray(2 * (weighted.reshape(steps, size) ** 2).mean(axis=1))


def grains_of(sound: Sound) -> tuple[float, ...]:
    """How loud a sound is in steps of 10 ms."""
    return tuple(_power_of(_padded(sound), len(sound) // (STEP // 10), STEP // 10).tolist())


def curve_of(sound: Sound) -> Curve:
    """How loud a sound is from step to step, on both sides."""
    steps = -(-len(sound) // STEP)
    padded = _padded(sound)
    power = _power_of(padded, steps, STEP)
    peak = np.array([_peak(padded[max(0, at - 60) : at + STEP + 60]) for at in range(0, steps * STEP, STEP)])
    return Curve(tuple(power.tolist()), tuple(peak.tolist()))


def heard(sound: Sound, sections: Sequence[Section] = (), **more: Any) -> Heard:
    """What is heard of a sound that begins at once and rings to its end."""
    end_us = len(sound) * 10**6 // HZ
    music = Music(None, tuple(sections), (), ()) if sections else None
    peak_us = int(np.abs(sound).argmax()) * 10**6 // HZ if len(sound) else 0
    known = {"attack_us": 0, "peak_us": peak_us, "tail_us": end_us, **more}
    return Heard(end_us, curve_of(sound), 0, end_us, False, music=music, **known)


@lru_cache(maxsize=64)
def _noise(seconds: float, seed: int, low: float, high: float) -> Sound:
    count = round(seconds * HZ)
    whole = 1 << (count + HZ).bit_length()
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(whole))
    at = np.fft.rfftfreq(whole, 1 / HZ)
    sound = np.fft.irfft(np.where((at > low) & (at < high), spectrum, 0), whole)[:count]
    return np.asarray(sound / np.sqrt((sound**2).mean()))


def noise(seconds: float, level_db: float, seed: int = 1, low: float = 200, high: float = 4000) -> Sound:
    """Noise of a band, by its mean square in dBFS."""
    return np.asarray(_noise(seconds, seed, low, high) * 10 ** (level_db / 20))


def talk(
    seconds: float, spoken: Sequence[tuple[float, float]], level_db: float = -23.0, seed: int = 5
) -> Sound:
    """Something like speech in some stretches, over silence."""
    sound = noise(seconds, level_db, seed, 150, 3500)
    sound *= 1 + 0.4 * np.sin(2 * np.pi * 4 * np.arange(len(sound)) / HZ)
    gate = np.zeros(len(sound))
    for start, end in spoken:
        gate[round(start * HZ) : round(end * HZ)] = 1
    return np.asarray(sound * gate)


def speech(spoken: Sequence[tuple[float, float]]) -> Speech:
    return Speech(tuple((round(start * 1e6), round(end * 1e6)) for start, end in spoken))


@dataclass
class Scene:
    """A film with its own sound, and what is laid over it.

    Attributes:
        seconds: Its length.
        own: Its sound; ``None`` for a silent film.
        record_start: Where it lies on the timeline.
    """

    seconds: F
    own: Sound | None = None
    record_start: F = F(0)
    rate: F = RATE
    own_known: Heard | None = None
    sounds: dict[str, Sound] = field(default_factory=dict)
    known: dict[str, Heard] = field(default_factory=dict)
    lanes: dict[int, list[LaidClip]] = field(default_factory=dict)
    services: dict[int, Service] = field(default_factory=dict)

    @property
    def film_map(self) -> FilmMap:
        return FilmMap(RecordTime(self.record_start), F(1), FilmTime(self.seconds))

    @property
    def own_heard(self) -> Heard | None:
        if self.own is not None and self.own_known is None:
            self.own_known = heard(self.own)
        return self.own_known

    def hear(self, item: Item) -> Heard | None:
        return self.known.get(item.name)

    def add(
        self,
        lane: int,
        service: Service,
        number: int,
        sound: Sound,
        start: F,
        *,
        length: F | None = None,
        media_in: F = F(0),
        title: str = "",
        cue_end: F | None = None,
        sections: Sequence[Section] = (),
        known: Heard | None = None,
        mix: Mix | None = None,
        served: Mapping[str, Any] | None = None,
    ) -> None:
        """Lay a sound; times from the film's start."""
        kind = service.item
        item = Item(number, title, None, None, None, {"id": number}, kind=kind)
        self.sounds.setdefault(item.name, sound)
        if item.name not in self.known:
            self.known[item.name] = known or heard(sound, sections)
        natural = F(len(sound), HZ)
        length = natural - media_in if length is None else length
        begin = self.record_start + start
        end_us = None if service is MUSIC else round((start + length if cue_end is None else cue_end) * 10**6)
        cue = Cue(round(start * 10**6), end_us, (item,), served or {})
        clip = Clip(
            title or f"{kind} {number}",
            RecordTime(begin),
            RecordTime(begin + length),
            Media(f"{number}.wav", f"/{number}.wav", duration=natural, sample_rate_hz=HZ, channels=1),
            MediaTime(media_in),
            mix=mix or Mix(),
            channels=(0,),
            stem=Stem(service.stem),
        )
        self.lanes.setdefault(lane, []).append(LaidClip(clip, cue))
        self.services[lane] = service

    def laid(self) -> Laid:
        lanes = [
            Lane(self.services[number], f"Lane {number}", tuple(clips))
            for number, clips in sorted(self.lanes.items())
        ]
        return Laid(self.rate, tuple(lanes))

    def render(self, laid: Laid, *, stem: Stem | None = None, own: bool = True) -> Sound:
        """The mix, or one stem of it, sample by sample."""
        out = np.zeros(round(self.seconds * HZ))
        if own and self.own is not None and stem is None:
            out[: len(self.own)] += self.own[: len(out)]
        for laid_clip in laid.clips:
            if stem is not None and laid_clip.kind is not stem:
                continue
            clip = laid_clip.clip
            first = round((clip.start - self.record_start) * HZ)
            count = round(clip.duration * HZ)
            head = round(clip.media_in * HZ)
            sound = self.sounds[laid_clip.item.name][head : head + count]
            local = np.arange(len(sound)) / HZ
            gained = sound * gain(clip.mix, local, float(clip.duration))
            begin, end = max(0, first), min(len(out), first + len(gained))
            if begin < end:
                out[begin:end] += gained[begin - first : end - first]
        return out

    def true_peak(self, laid: Laid, stretches: Sequence[tuple[RecordTime, RecordTime]]) -> list[float]:
        """True peaks of stretches of the mix, as a renderer measures them."""
        mixed = self.render(laid)
        found = []
        for start, end in stretches:
            first, last = (round((at - self.record_start) * HZ) for at in (start, end))
            found.append(peak_dbtp(mixed[max(0, first - 480) : last + 480]))
        return found


def gain(mix: Mix, local: Sound, length: float) -> Sound:
    """The gain of a clip as an amplitude, moment by moment."""
    if mix.keys:
        gain_db = np.interp(local, [float(key.at) for key in mix.keys], [key.gain_db for key in mix.keys])
    else:
        gain_db = np.full(len(local), mix.gain_db)
    found = 10 ** (gain_db / 20)
    if mix.fade_in_us:
        found = found * np.clip(local / (mix.fade_in_us / 1e6), 0, 1)
    if mix.fade_out_us:
        found = found * np.clip((length - local) / (mix.fade_out_us / 1e6), 0, 1)
    return np.asarray(found)


def _peak(sound: Sound) -> float:
    """The true peak of a few samples, at four times the rate; silence around them."""
    padded = np.zeros(1 << (len(sound) + 60).bit_length())
    padded[30 : 30 + len(sound)] = sound
    return float(np.abs(np.fft.irfft(np.fft.rfft(padded), 4 * len(padded))).max()) * 4


def peak_dbtp(sound: Sound) -> float:
    if not len(sound):
        return -math.inf
    highest = max(_peak(sound[max(0, at - 60) : at + STEP + 60]) for at in range(0, len(sound), STEP))
    return 20 * math.log10(highest) if highest > 0 else -math.inf


def ebur128(sound: Sound) -> tuple[float, float, float]:
    """Integrated loudness, range and true peak of a sound, by libavfilter's meter.

    Args:
        sound: One channel, heard on both sides; or two, (samples, 2).
    """
    import av
    from av.filter import Graph

    sides = np.stack([sound, sound]) if sound.ndim == 1 else np.ascontiguousarray(sound.T)
    frame = av.AudioFrame.from_ndarray(sides.astype(np.float32), "fltp", "stereo")
    frame.sample_rate = HZ
    graph = Graph()
    source = graph.add_abuffer(sample_rate=HZ, format="fltp", layout="stereo")
    meter = graph.add("ebur128", "peak=true:metadata=1:framelog=quiet")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    source.push(frame)
    source.push(None)
    last: Mapping[str, str] = {}
    peak = -math.inf
    while True:
        try:
            pulled = sink.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            break
        metadata = pulled.metadata
        last = metadata if "lavfi.r128.I" in metadata else last
        peaks = [float(value) for key, value in metadata.items() if "true_peaks_ch" in key]
        peak = max([peak, *peaks])
    loudness, spread = float(last["lavfi.r128.I"]), float(last["lavfi.r128.LRA"])
    return loudness, spread, 20 * math.log10(peak) if peak > 0 else -math.inf

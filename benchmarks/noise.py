"""Noise reduction on speech and noise that were recorded, none of which it was tuned on.

    python -m benchmarks.noise --speech FOLDER --noise FILE [--noise FILE …] [--production FILE …]

Each noise lies under speech of the folder, 12 s of it, as loud as ``--snr`` says. Printed is by how many dB
the scale-invariant signal-to-distortion ratio grows (SI-SDR; Le Roux and others, 2019), by how many samples
the sound has moved, and what production sounds without speech lose at most. Any folder of recordings will do;
in RESULTS.md it says whose the figures are.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine.decoding import SOUND_RATE_HZ, sound_blocks
from avm_otio.engine.denoise import LIMIT_DB, denoise_to
from avm_otio.errors import AvmError

Floats = NDArray[np.float64]

LENGTH = 12 * SOUND_RATE_HZ
_WINDOW = SOUND_RATE_HZ // 10


def sound(path: Path) -> Floats:
    """A file in mono at 48 kHz; nothing where it has no sound."""
    blocks = [block.mean(axis=0) for block in sound_blocks(path)]
    return np.concatenate(blocks).astype(np.float64) if blocks else np.zeros(0)


def speech(folder: Path, dice: random.Random) -> Iterator[Floats]:
    """Stretches of speech, each of other files than the ones before, as long as files are left."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    dice.shuffle(paths)
    made = np.zeros(0)
    for path in paths:
        try:
            made = np.concatenate([made, sound(path)])
        except AvmError:
            continue
        if len(made) >= LENGTH:
            yield made[:LENGTH]
            made = np.zeros(0)


def looped(noise: Floats) -> Floats:
    """A noise as long as the speech."""
    return np.tile(noise, -(-LENGTH // len(noise)))[:LENGTH]


def si_sdr_db(found: Floats, wanted: Floats) -> float:
    """The ratio of what is like the wanted sound to all else, whatever the level."""
    wanted = wanted - wanted.mean()
    found = found - found.mean()
    like = wanted * (found @ wanted) / (wanted @ wanted)
    return float(10 * np.log10((like @ like) / ((found - like) @ (found - like))))


def reduced(dirty: Floats) -> Floats:
    """What the engine makes of a sound."""
    size = 5 * SOUND_RATE_HZ
    blocks = [dirty[None, at : at + size].astype(np.float32) for at in range(0, len(dirty), size)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clean.wav"
        denoise_to(path, lambda: blocks)
        with wave.open(str(path), "rb") as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return samples / 32_767


def shift_samples(found: Floats, wanted: Floats) -> int:
    """How much later one sound lies than the other, by correlation."""
    size = 2 * len(wanted)
    product = np.fft.rfft(found, size) * np.fft.rfft(wanted, size).conj()
    lag = int(np.fft.irfft(product).argmax())
    return lag if lag < len(wanted) else lag - size


def loss_db(before: Floats, after: Floats) -> float:
    """What a tenth of a second that is heard loses at most."""
    count = len(before) // _WINDOW
    levels = [
        np.sqrt((each[: count * _WINDOW].reshape(count, _WINDOW) ** 2).mean(axis=1))
        for each in (before, after)
    ]
    heard = levels[0] > levels[0].max() / 100
    return float((20 * np.log10(levels[0][heard] / np.maximum(levels[1][heard], 1e-9))).max())


def main() -> None:
    """Measure, and print the table."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--speech", type=Path, required=True)
    reader.add_argument("--noise", type=Path, action="append", default=[])
    reader.add_argument("--production", type=Path, action="append", default=[])
    reader.add_argument("--snr", type=float, action="append", default=[])
    reader.add_argument("--seed", type=int, default=1)
    options = reader.parse_args()
    snrs = options.snr or [0.0, 5.0, 15.0]
    voices = speech(options.speech, random.Random(options.seed))
    gains: dict[float, list[float]] = {snr: [] for snr in snrs}
    print("| noise | " + " | ".join(f"{snr:g} dB" for snr in snrs) + " | moved |")
    print("| --- " * (len(snrs) + 2) + "|")
    for path in options.noise:
        clean, noise = next(voices), looped(sound(path))
        clean = clean / np.abs(clean).max() * 0.4
        cells, moved = [], set()
        for snr in snrs:
            level = np.sqrt((clean @ clean) / (noise @ noise) / 10 ** (snr / 10))
            dirty = clean + noise * level
            dirty = dirty / max(1.0, np.abs(dirty).max())
            after = reduced(dirty)
            gains[snr].append(si_sdr_db(after, clean) - si_sdr_db(dirty, clean))
            moved.add(shift_samples(after, clean))
            cells.append(f"{gains[snr][-1]:+.1f}")
        print(f"| {path.stem} | {' | '.join(cells)} | {max(moved, key=abs)} |", flush=True)
    for name, of in (("**mean**", np.mean), ("**worst**", np.min)) if options.noise else ():
        print(f"| {name} | " + " | ".join(f"{of(gains[snr]):+.1f}" for snr in snrs) + " | |")
    for path in options.production:
        before = sound(path)
        if len(before) < _WINDOW:
            print(f"production: {path.stem} is too short")
            continue
        lost = loss_db(before, reduced(before))
        print(f"production: {path.stem} loses at most {lost:.1f} dB (the limit is {LIMIT_DB:g})")


if __name__ == "__main__":
    main()

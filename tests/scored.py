"""A scored sample film for tests, without a service: a saved answer laid onto it, with real sounds."""

from __future__ import annotations

import shutil
import wave
from pathlib import Path

import numpy as np

from avm_otio.formats.reading import Opened
from avm_otio.jobs.saved import lay_answer
from avm_otio.mix.tracks import Origin
from avm_otio.request import Request

SAMPLES = Path(__file__).parent.parent / "sample_timelines"

EFFECTS_AT_US = (1_234_567, 2_500_000, 2_700_001)


def write_sound(path: Path, seconds: float, *, hz: int = 48_000, channels: int = 2, seed: int = 0) -> Path:
    """Noise that is unlike any other seed's: what correlation finds again."""
    count = round(seconds * hz)
    noise = np.random.default_rng(seed).normal(0, 3000, (count, channels))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(hz)
        file.writeframes(noise.astype("<i2").tobytes())
    return path


def item(number: int, title: str, price: float = 10.0) -> dict[str, object]:
    return {"id": number, "title": title, "price": price, "url": f"https://sounds.example/{number}.wav"}


def timestamp(time_us: int) -> str:
    return f"00:00:{time_us // 10**6:02d}.{time_us % 10**6:06d}"


ANSWER = {
    "is_done": True,
    "music_mapping_service": {"is_done": True, "musics": [item(1, "Warm Bed"), item(2, "Cold Bed")]},
    "sound_effect_service": {
        "is_done": True,
        "sound_effects": [
            {
                "start_at": timestamp(at),
                "end_at": timestamp(at + 300_000),
                "object_class": "door",
                "sound_effect_items": [
                    item(10 + number, f"Hit {number}"),
                    item(20 + number, f"Spare {number}"),
                ],
            }
            for number, at in enumerate(EFFECTS_AT_US)
        ],
    },
}


def scored(folder: Path, sample: str = "short_film.otio", *, music_gain_db: float = -6.0) -> Opened:
    """A copy of the samples in a folder, and one of them with music, effects and alternatives laid."""
    here = folder / "cut"
    if not here.exists():
        shutil.copytree(SAMPLES, here, ignore=shutil.ignore_patterns("*.avm", "*.py", "__pycache__"))
    items = folder / "items"
    items.mkdir(exist_ok=True)
    for number in (1, 2, *(base + n for base in (10, 20) for n in range(len(EFFECTS_AT_US)))):
        write_sound(items / f"{number}.wav", 30.0 if number < 3 else 0.5, seed=number, hz=44_100)
    opened, _ = lay_answer(
        ANSWER,
        Request(here / sample, music_gain_db=music_gain_db, alternatives=1),
        media_folder=items,
        origin=Origin("https://service.example", "EUR", "en", 1, 2),
    )
    return opened

"""A scored cut for the page: a flash and a beep each second, cues with several items, titles that bite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from tests.media.sounds import wav
from tests.media.tunes import tune
from tests.scripted_service import ScriptedService, effect, film_service, result_of, sound
from tests.timelines import time_range

RATE = Fraction(25)
BITE = "<img src=x onerror=\"document.title='bitten'\"></script><script>document.title='bitten'</script>"


def flashes(path: Path, seconds: int) -> Path:
    """A film whose frame is white, and whose sound beeps, at every full second but the first."""
    samples = np.random.default_rng(1).normal(0, 0.002, (seconds * 48_000, 2))
    for second in range(1, seconds):
        samples[second * 48_000 : second * 48_000 + 1_920] += np.sin(np.arange(1_920) * 0.2)[:, None] * 0.5
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt = 160, 90, "yuv420p"
        audio = file.add_stream("pcm_s16le" if path.suffix == ".mov" else "aac", rate=48_000, layout="stereo")
        for number in range(seconds * 25):
            white = number and number % 25 == 0
            picture = np.full((90, 160, 3), 235 if white else 20, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, 1 / RATE
            file.mux(video.encode(frame))
        file.mux(video.encode())
        whole = np.ascontiguousarray((samples * 32767).astype("<i2").reshape(1, -1))
        block = av.AudioFrame.from_ndarray(whole, format="s16", layout="stereo")
        block.sample_rate, block.pts, block.time_base = 48_000, 0, Fraction(1, 48_000)
        file.mux(audio.encode(block))
        file.mux(audio.encode())
    return path


@contextmanager
def service(*, music: bool) -> Iterator[ScriptedService]:
    random = np.random.default_rng(4)
    with film_service(result_of()) as found, TemporaryDirectory() as folder:

        def served(number: int, samples: np.ndarray) -> str:
            found.files[f"/items/{number}"] = sound(wav(Path(folder) / "s.wav", samples).read_bytes())
            return f"{found.url}/items/{number}"

        effects = []
        for number, start in enumerate((0.5, 1.25)):
            cue = effect(
                found.url, 10 * number + 11, start=f"00:00:{start:06.3f}", end=f"00:00:{start + 0.5:06.3f}"
            )
            cue["object_class"] = BITE
            first = cue["sound_effect_items"][0]
            cue["sound_effect_items"] = [
                first | {"id": 10 * number + n, "title": title, "price": price}
                for n, title, price in ((11, f"Hit {number}", 2.5), (12, BITE, 4.0), (13, "Door 敲門", 1.0))
            ]
            for item in cue["sound_effect_items"]:
                length = 12_000 + 2_400 * (item["id"] % 10)
                item["url"] = served(
                    item["id"], random.normal(0, 0.2, (length, 2)) * np.linspace(1, 0, length)[:, None]
                )
            effects.append(cue)
        musics = [
            {"id": n, "title": f"Piece {n}", "price": 10.0, "url": served(n, tune(tempo, seconds=8).sound)}
            for n, tempo in (((7, 120), (8, 100)) if music else ())
        ]
        found.result = result_of(*effects, musics=musics)
        yield found


def save_cut(folder: Path, seconds: int) -> None:
    """``cut.otio``: all of ``a.mp4``, picture and sound, from 01:00:00:00 on."""
    span = time_range(0, seconds * 25, RATE)
    shot = otio.schema.Clip("shot", otio.schema.ExternalReference("a.mp4", span), span)
    cut = otio.schema.Timeline("cut", global_start_time=otio.opentime.RationalTime(90_000, 25))
    cut.tracks.extend(
        [otio.schema.Track("V1", [shot]), otio.schema.Track("A1", [shot.deepcopy()], kind="Audio")]
    )
    (folder / "cut.otio").write_text(cut.to_json_string())


def scored(folder: Path, seconds: int, *, music: bool) -> Path:
    """A folder with ``out.otio``, scored."""
    flashes(folder / "a.mp4", seconds)
    save_cut(folder, seconds)
    services = "music,effects" if music else "effects"
    with pytest.MonkeyPatch.context() as patch, service(music=music) as found:
        patch.setenv("AVM_TOKEN", "sesame-1234567890")
        patch.setenv("AVM_CONFIG_DIR", str(folder / "config"))
        patch.chdir(folder)
        asked = ["--services", services, "--service", found.url, "--alternatives", "8", "-q"]
        assert run(["score", "cut.otio", "-o", "out.otio", *asked]) == 0
    return folder

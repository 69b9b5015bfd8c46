"""Ninety minutes and five hundred cues on the page: soon there, smooth, in step after ten minutes, and light.

By hand, with the machine to itself: ``scripts/test -m soak tests/audition/test_long.py``, twenty minutes.
The figures of one run are in ``benchmarks/RESULTS.md``.
"""

from __future__ import annotations

import json
import sys
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avm_otio.cli.main import run
from tests.audition.browser import audition_of, chromium, drive, modules
from tests.audition.cut import save_cut
from tests.scripted_service import effect, film_service, result_of, sound

pytestmark = pytest.mark.soak

SECONDS = 90 * 60
CUES = 500
MINUTES = 10
RATE = Fraction(25)


def minute(path: Path) -> Path:
    """A white frame each second, and noise so soft that nobody minds it."""
    noise = (np.random.default_rng(1).normal(0, 60, (48_000, 2))).astype("<i2").reshape(1, -1)
    pictures = [
        av.VideoFrame.from_ndarray(np.full((90, 160, 3), level, np.uint8), format="rgb24").reformat(
            format="yuv420p"
        )
        for level in (235, 20)
    ]
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "g": "25", "bf": "0"})
        video.width, video.height, video.pix_fmt = 160, 90, "yuv420p"
        audio = file.add_stream("aac", rate=48_000, layout="stereo", bit_rate=32_000)
        for second in range(60):
            for number in range(25):
                frame = pictures[bool(number)]
                frame.pts, frame.time_base = second * 25 + number, 1 / RATE
                file.mux(video.encode(frame))
            block = av.AudioFrame.from_ndarray(noise, format="s16", layout="stereo")
            block.sample_rate, block.pts, block.time_base = 48_000, second * 48_000, Fraction(1, 48_000)
            file.mux(audio.encode(block))
        file.mux(video.encode())
        file.mux(audio.encode())
    return path


def long_film(path: Path) -> Path:
    """A minute again and again."""
    one = minute(path.with_name("minute.mp4"))
    with av.open(str(path), "w", options={"movflags": "faststart"}) as file:
        with av.open(str(one)) as source:
            made = {stream.type: file.add_stream_from_template(stream) for stream in source.streams}
        ends: dict[str, int] = {}
        for number in range(SECONDS // 60):
            with av.open(str(one)) as source:
                for packet in source.demux():
                    if packet.dts is None or packet.time_base is None:
                        continue
                    by = round(number * 60 / packet.time_base)
                    kind = packet.stream.type
                    packet.pts, packet.dts = (packet.pts or 0) + by, packet.dts + by
                    if packet.dts <= ends.get(kind, -(1 << 60)):  # the coder's lead-in, again
                        continue
                    ends[kind] = packet.dts
                    packet.stream = made[kind]
                    file.mux(packet)
    return path


def clock(seconds: float) -> str:
    return f"{int(seconds // 3600):02d}:{int(seconds // 60) % 60:02d}:{seconds % 60:06.3f}"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    chromium(), modules()  # before the cut is made: without them there is no test
    folder = tmp_path_factory.mktemp("long")
    long_film(folder / "a.mp4")
    save_cut(folder, SECONDS)
    with pytest.MonkeyPatch.context() as patch, film_service(result_of()) as service:
        effects = []
        for number in range(CUES):
            start = 3 + number * 10.7
            cue = effect(service.url, 3 * number + 1, start=clock(start), end=clock(start + 1))
            first = cue["sound_effect_items"][0]
            cue["sound_effect_items"] = [
                first
                | {"id": 3 * number + n, "title": f"Hit {number} {n}", "url": f"{service.url}/items/{n}"}
                for n in (1, 2, 3)
            ]
            effects.append(cue)
        service.result = result_of(*effects)
        for n in (1, 2, 3):
            service.files[f"/items/{n}"] = sound()
        patch.setenv("AVM_TOKEN", "sesame-1234567890")
        patch.setenv("AVM_CONFIG_DIR", str(folder / "config"))
        patch.chdir(folder)
        asked = ["--services", "effects", "--service", service.url, "--alternatives", "2", "-q"]
        assert run(["score", "cut.otio", "-o", "out.otio", *asked]) == 0
    memory: list[float] = []
    over = threading.Event()
    with audition_of(folder / "out.otio") as (server, address):

        def look() -> None:
            while not over.wait(30):
                memory.append(resident_mb(server.pid))

        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        try:
            found = drive("long.mjs", address, str(MINUTES), timeout_s=3_600)
        finally:
            over.set()
            looking.join()
    found["server_mb"] = memory
    sys.stdout.write(f"{json.dumps(found)}\n")
    return found


def resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def test_the_first_picture_is_there_within_two_seconds(found: dict[str, Any]) -> None:
    assert found["firstPictureMs"] < 2_000


def test_scrubbing_follows_the_hand(found: dict[str, Any]) -> None:
    assert found["scrubFps"] > 50


def test_sound_and_picture_are_together_for_ten_minutes_and_after_a_seek(found: dict[str, Any]) -> None:
    for window in (*found["windows"], found["afterSeek"]):
        if window["shown"] >= 0.9:  # else the machine had no time for the film's frames
            assert abs(window["ms"]) <= 10


def test_memory_stays_flat(found: dict[str, Any]) -> None:
    assert max(each["soundMb"] for each in (*found["windows"], *found["tour"])) <= 161
    assert max(each["heapMb"] for each in found["tour"]) < 200
    server = found["server_mb"]
    assert max(server[len(server) // 2 :]) < 1.2 * max(server[: len(server) // 2])

"""The engine with many clients at once: how soon it answers while films are read, and what memory stays.

``engine serve`` runs as a program of its own. Each client sends a film, asks for effects and music, and asks
for the result until it is there; all begin together. Meanwhile one more asks for the list of films and notes
how long each answer takes. At the end the engine's own memory is read.

Usage: python benchmarks/serving.py [--clients 50] [--seconds 20]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.engine.engine_films import clicks, make_film, write_wav

HEADERS = {"authorization": "Token any", "accept-language": "en", "avma-currency": "usd"}
LICENSE = {"range": [1], "duration": 1, "usage_platforms": [1]}
PATIENCE_S = 1800


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--clients", type=int, default=50)
    options.add_argument("--seconds", type=int, default=20, help="how long each film is")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frames = asked.seconds * 24
        sound = clicks(asked.seconds, [48_000])
        film = make_film(folder / "film.mp4", frames=frames, cuts=range(50, frames, 50), sound=sound)
        write_wav(folder / "sounds" / "music" / "Calm.wav", clicks(30, [24_000]))
        write_wav(folder / "sounds" / "effects" / "Whoosh.wav", clicks(0.4, [100]))
        program = [sys.executable, "-m", "avm_otio", "engine", "serve", "--library", str(folder / "sounds")]
        with subprocess.Popen(
            [*program, "--data", str(folder / "data"), "-q"], stdout=subprocess.PIPE, text=True
        ) as engine:
            assert engine.stdout is not None
            url = engine.stdout.readline().strip()
            try:
                serve(url, film, asked.clients, engine.pid)
            finally:
                engine.terminate()


def serve(url: str, film: Path, clients: int, engine: int) -> None:
    """Ask, and print what it was like."""
    done = threading.Event()
    answers_s: list[float] = []

    def look() -> None:
        with httpx.Client(headers=HEADERS, timeout=120) as client:
            while not done.wait(0.1):
                began = time.perf_counter()
                client.get(f"{url}/film/").raise_for_status()
                answers_s.append(time.perf_counter() - began)

    before_mb = memory_mb(engine)
    began = time.perf_counter()
    looking = threading.Thread(target=look)
    looking.start()
    with ThreadPoolExecutor(clients) as pool:
        for each in [pool.submit(one, url, film) for _ in range(clients)]:
            each.result()
    wall_s = time.perf_counter() - began
    done.set()
    looking.join()
    median, late, worst = (1000 * np.percentile(answers_s, share) for share in (50, 95, 100))
    print(f"{clients} clients, a film each: {wall_s:.1f} s")
    print(f"answers meanwhile: {median:.0f} ms (median), {late:.0f} ms (95 %), {worst:.0f} ms (worst)")
    print(f"memory of the engine: {before_mb:.0f} MB before, {memory_mb(engine):.0f} MB after")


def one(url: str, film: Path) -> None:
    """One client."""
    wish = {"requirement": {"title": "calm", "budget_min": 0, "budget_max": 10**6}}
    body = {"license": LICENSE, "sound_effect_service": {}, "music_mapping_service": wish}
    with httpx.Client(headers=HEADERS, timeout=600) as client:
        with film.open("rb") as file:
            sent = client.post(f"{url}/film/", files={"file": (film.name, file)}).raise_for_status()
        place = f"{url}/film/{sent.json()['id']}/service/"
        session = client.post(place, json=body).raise_for_status().json()["session_id"]
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            if client.get(f"{place}{session}/").raise_for_status().json()["is_done"]:
                return
            time.sleep(0.5)
    raise SystemExit("An analysis was never done.")


def memory_mb(process: int) -> float:
    """What a process holds now (Linux)."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()

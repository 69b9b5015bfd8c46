"""What comes after a scoring, on a reel of 90 minutes: processor seconds of each command in each dialect.

900 shots of 6 s with 500 effects, an alternative of each, and a bed are scored against a service on this
machine, once; half of the effects are then bought. Every command runs in a process of its own; what ``user``
says is its processor time outside of the system's calls::

    python -m benchmarks.after_the_choice --folder DIR [--minutes 90] [--cues 500] [--only conform]

A second run with the same folder scores nothing again. Prints the rows for RESULTS.md.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio

from tests.loopback_http import says
from tests.media.numbered import movie
from tests.scored import write_sound
from tests.scripted_service import FILM_ID, ScriptedService, film_service, result_of, sound
from tests.timelines import time_range

RATE, SHOT_S = Fraction(24), 6
SUFFIXES = (".otio", ".xml", ".fcpxml", ".aaf")
TOKEN = "benchmark-token"
PROGRAM = [sys.executable, "-m", "avm_otio"]
LICENCE = ["--license-range", "1", "--license-duration", "2", "--license-platforms", "3"]
COMMANDS = {
    "cost": ["cost", "SCORED"],
    "cuesheet": ["cuesheet", "SCORED", "-o", "OUT.xlsx"],
    "choose --list": ["choose", "JOB", "--list"],
    "conform": ["conform", "SCORED", "NEW", "-o", "OUT.otio", "--for", "otio"],
    "conform --mix off": ["conform", "SCORED", "NEW", "-o", "OUT.otio", "--for", "otio", "--mix", "off"],
    "relink": ["relink", "SCORED", "-o", "OUT.otio"],
    "turnover": ["turnover", "SCORED", "-o", "OUT", "--for", "protools"],
}


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--folder", type=Path)
    options.add_argument("--minutes", type=int, default=90)
    options.add_argument("--cues", type=int, default=500)
    options.add_argument("--only", choices=COMMANDS, action="append")
    options.add_argument("--suffix", choices=SUFFIXES, action="append")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = (asked.folder or Path(name)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / "port"  # what is scored names the service by it
        port = int(kept.read_text()) if kept.exists() else 0
        service = stack.enter_context(film_service(result_of(), port))
        kept.write_text(service.url.rpartition(":")[2])
        offer(service, folder, asked.cues, asked.minutes * 60)
        scored = reel(folder, service, asked.minutes * 60 // SHOT_S)
        offer(service, folder, asked.cues, asked.minutes * 60, bought=asked.cues // 2)
        print("| command | " + " | ".join(asked.suffix or SUFFIXES) + " |")
        for command in asked.only or COMMANDS:
            figures = [
                measured(command, scored.with_suffix(each), service) for each in asked.suffix or SUFFIXES
            ]
            print(f"| `{command}` | " + " | ".join(f"{user_s:.1f}" for user_s in figures) + " |", flush=True)


def measured(command: str, scored: Path, service: ScriptedService) -> float:
    """User processor seconds of a command."""
    with tempfile.TemporaryDirectory(dir=scored.parent) as name:
        places = {
            "SCORED": str(scored),
            "NEW": str(scored.with_name("new.otio")),
            "JOB": str(job_of(scored)),
        }
        words = [places.get(word, word.replace("OUT", f"{name}/out")) for word in COMMANDS[command]]
        user_s, code = spent([*words, "-q"], service)
        if code not in (0, 5):
            print(f"{command} of {scored.name} ended with code {code}", file=sys.stderr)
        return user_s


def spent(words: Sequence[str], service: ScriptedService) -> tuple[float, int]:
    place = dict(os.environ, AVM_TOKEN=TOKEN, AVM_SERVICE=service.url)
    process = subprocess.Popen([*PROGRAM, *words], env=place, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime, process.returncode


def job_of(scored: Path) -> Path:
    return next(path.parent for path in (scored.parent / "cut.avm").glob("*/job.json"))


def offer(service: ScriptedService, folder: Path, cues: int, length_s: int, bought: int = 0) -> None:
    """What the service offers, some of it bought by now."""
    sounds = folder / "sounds"
    sounds.mkdir(exist_ok=True)

    def item(number: int, title: str, seconds: float) -> dict[str, object]:
        file = sounds / f"{number}.wav"
        if not file.exists():
            write_sound(file, seconds, seed=number % 1000)
        service.files[f"/items/{number}"] = sound(file.read_bytes())
        url = f"{service.url}/items/{number}"
        is_bought = 100 <= number < 100 + bought
        return {"id": number, "title": title, "price": 10.0, "url": url, "is_bought": is_bought}

    step_us = length_s * 10**6 // cues
    effects = [
        {
            "start_at": timestamp(number * step_us + 1_234_567),
            "end_at": timestamp(number * step_us + 2_734_567),
            "object_class": "door",
            "sound_effect_items": [
                item(100 + number, f"Hit {number}", 1.5),
                item(10_100 + number, f"Spare {number}", 1.5),
            ],
        }
        for number in range(cues)
    ]
    music = [item(1, "Bed", 180.0)]
    service.result = result_of(*effects, musics=music)
    film = {"id": FILM_ID, "type": "normal_film", "recommended_musics": music, "sound_effects": effects}
    service.instead[f"GET /film/{FILM_ID}/"] = says(film)


def timestamp(at_us: int) -> str:
    seconds, rest_us = divmod(at_us, 10**6)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest_us:06}"


def reel(folder: Path, service: ScriptedService, shots: int) -> Path:
    """The scored reel in every dialect, and a changed cut of it, ``new.otio``."""
    scored = folder / "scored.otio"
    if not (folder / "new.otio").exists():
        noise = np.random.default_rng(1).normal(0, 0.05, ((SHOT_S + 1) * 48_000, 2))
        first = movie(folder / "shot.mp4", (SHOT_S + 1) * 24, RATE, sound=noise, size=(64, 36))
        for number in range(shots):
            (folder / f"shot_{number:04}.mp4").unlink(missing_ok=True)
            os.link(first, folder / f"shot_{number:04}.mp4")
        chance, order = random.Random(1), list(range(shots))
        write_cut(folder / "cut.otio", order)
        words = ["score", str(folder / "cut.otio"), "-o", str(scored), "-q", *LICENCE]
        _, code = spent([*words, "--service", service.url, "--alternatives", "1", "--mix", "off"], service)
        if code:
            sys.exit(f"The reel could not be scored: code {code}.")
        for suffix in SUFFIXES[1:]:
            spent(["convert", str(scored), "-o", str(scored.with_suffix(suffix)), "-q"], service)
        order = [number for number in order if chance.random() > 0.02]
        for _ in range(20):
            at = chance.randrange(len(order) - 1)
            order[at], order[at + 1] = order[at + 1], order[at]
        write_cut(folder / "new.otio", order)
    return scored


def write_cut(path: Path, order: Sequence[int]) -> None:
    """A cut of shots of 6 s with their sound."""
    tracks = [otio.schema.Track("V1"), otio.schema.Track("A1", kind="Audio")]
    for number in order:
        for track in tracks:
            media = otio.schema.ExternalReference(
                f"shot_{number:04}.mp4", time_range(0, (SHOT_S + 1) * 24, RATE)
            )
            track.append(otio.schema.Clip(f"s{number}", media, time_range(6, SHOT_S * 24, RATE)))
    cut = otio.schema.Timeline("film", global_start_time=otio.opentime.RationalTime(86_400, 24))
    cut.tracks.extend(tracks)
    path.write_text(cut.to_json_string())


if __name__ == "__main__":
    main()

"""Cuts, side by side with PySceneDetect, on the same files in one run: F1 and processor time.

Films are made as for ``looking.py``, from manners and seeds that nothing was fitted to, and written as
256×144 H.264; the samples' short film is exported; other films are given with their cuts. PySceneDetect's own
test videos lie in no package: get them from its repository and give them by ``--film``.

Needs PySceneDetect, for this alone: ``pip install scenedetect opencv-python-headless``. It is called with its
defaults, and with shots of three frames allowed.

Usage: python benchmarks/against_scenedetect.py [--films N] [--film FILE=FRAME,FRAME,…]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from avm_otio import Request, export_film
from avm_otio.engine.decoding import luma_frames
from avm_otio.engine.film_analysis import analyse_picture
from tests.engine import light_films, transition_films

WIDTH, HEIGHT = 256, 144
SHORT_FILM = Path(__file__).parent.parent / "sample_timelines" / "short_film.otio"
SHORT_FILM_CUTS = [72, 132, 192, 240, 288, 360, 396]

Sets = dict[str, list[tuple[Path, list[int]]]]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--films", type=int, default=8, help="of each generated set")
    options.add_argument("--film", action="append", default=[], help="FILE=FRAME,FRAME,…")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sets = made(Path(folder), asked.films)
        for each in asked.film:
            file, _, cuts = each.rpartition("=")
            sets[Path(file).name] = [(Path(file), [int(cut) for cut in cuts.split(",") if cut])]
        print("set                  what                   F1     found  false  missed  CPU s")
        for name, films in sets.items():
            for what, look in LOOKS.items():
                compare(name, films, what, look)


def made(folder: Path, many: int) -> Sets:
    """The films, written."""
    sets: Sets = {"transitions": [], "light": []}
    for seed in range(many):
        for name, (pictures, truth) in (
            ("transitions", transition_films.film(190_000 + seed, transition_films.HELD_OUT)),
            ("light", light_films.film(290_000 + seed, light_films.HELD_OUT)),
        ):
            path = folder / f"{name}{seed}.mp4"
            write(path, pictures)
            sets[name].append((path, truth.cuts))
    short = folder / "short.mp4"
    export_film(Request(SHORT_FILM, short))
    return {**sets, "short film": [(short, SHORT_FILM_CUTS)]}


def write(path: Path, pictures: np.ndarray) -> None:
    """Pictures as a film of 25 frames a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "16", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="gray")
            container.mux(
                stream.encode(frame.reformat(WIDTH, HEIGHT, format="yuv420p", interpolation="BICUBIC"))
            )
        container.mux(stream.encode(None))


def ours(path: Path) -> list[int]:
    """The frames at which shots begin, by the engine, looked at closely."""
    times: list[int] = []

    def noted() -> Iterator[tuple[Fraction, np.ndarray]]:
        for at, picture in luma_frames(path):
            times.append(round(at * 1_000_000))
            yield at, picture

    found = analyse_picture(noted(), closely=True)
    return [times.index(cut.at_us) for cut in found.cuts]


def theirs(kind: str, shortest: int | None) -> Callable[[Path], list[int]]:
    """The same, by one of PySceneDetect's detectors."""
    import scenedetect

    def look(path: Path) -> list[int]:
        settings = {} if shortest is None else {"min_scene_len": shortest}
        detector = getattr(scenedetect, kind)(**settings)
        return [start.frame_num for start, _ in scenedetect.detect(str(path), detector)[1:]]

    return look


LOOKS: dict[str, Callable[[Path], list[int]]] = {
    "avm-otio": ours,
    "adaptive": theirs("AdaptiveDetector", None),
    "adaptive, 3 frames": theirs("AdaptiveDetector", 3),
    "content": theirs("ContentDetector", None),
    "content, 3 frames": theirs("ContentDetector", 3),
}


def compare(
    name: str, films: Sequence[tuple[Path, list[int]]], what: str, look: Callable[[Path], list[int]]
) -> None:
    """Print one line of the table."""
    hits = false = missed = 0
    began = time.process_time()
    for path, cuts in films:
        found = set(look(path))
        hits += len(found & set(cuts))
        false += len(found - set(cuts))
        missed += len(set(cuts) - found)
    spent_s = time.process_time() - began
    f1 = 2 * hits / max(1, 2 * hits + false + missed)
    line = f"{name:20} {what:22} {f1:.3f}  {hits:5}  {false:5}  {missed:6}  {spent_s:5.1f}"
    print(line, flush=True)


if __name__ == "__main__":
    main()

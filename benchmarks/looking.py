"""How well transitions are found: cuts, dissolves, fades and flashes of generated films, and what it costs.

Films are made by ``tests/engine/transition_films.py``: one set by the manners that the weights of
``avm_otio/engine/tables/dissolves.json`` are fitted to, one by another manner and other seeds. Two more are
made by ``tests/engine/light_films.py`` (bursts of light, particles, wild cameras): of the manner by which
bounds were chosen, and of another.

``--long`` looks at one hour and at three hours instead, each in a process of its own: time and memory.

Usage: python benchmarks/looking.py [--films N] [--fit] [--long]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from avm_otio.engine import dissolves
from avm_otio.engine.film_analysis import analyse_picture
from avm_otio.timeline.time import to_micros
from tests.engine import light_films
from tests.engine.transition_films import HELD_OUT, Manner, Truth, film

TABLE = Path(dissolves.__file__).parent / "tables" / "dissolves.json"
RATE = Fraction(25)
LEAST_SHARED = 0.4
"""Of a dissolve and what was found, so much must be common to both: intersection over union."""

Films = Sequence[tuple[np.ndarray, Truth]]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--films", type=int, default=24)
    options.add_argument("--fit", action="store_true", help="fit the weights anew first")
    options.add_argument("--long", action="store_true", help="one hour and three hours")
    options.add_argument("--hours", type=int, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.hours:
        look_for_hours(asked.hours)
        return
    if asked.long:
        for hours in (1, 3):
            subprocess.run([sys.executable, __file__, "--hours", str(hours)], check=True)
        return
    tuned = list(tuned_on(asked.films))
    if asked.fit:
        fit(tuned)
    print("set        kind       F1    found  false  missed")
    report("tuned", tuned)
    report("held out", [film(90_000 + seed, HELD_OUT) for seed in range(asked.films)])
    for name, first, light in (("light", 100, light_films.TUNED), ("held out", 80_000, light_films.HELD_OUT)):
        report(name, [light_films.film(first + seed, light) for seed in range(asked.films)])


def look_for_hours(hours: int) -> None:
    """Look at a film that is some seconds over and over, and print what that took."""
    pictures, _ = film(3, HELD_OUT, 6)
    frames = ((Fraction(n, 25), pictures[n % len(pictures)]) for n in range(hours * 3600 * 25))
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.process_time()
    found = analyse_picture(frames)
    after_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    spent_s = time.process_time() - began
    print(
        f"{hours} h: {spent_s:.0f} s, {after_mb - before_mb:.0f} MB more, {len(found.cuts)} cuts", flush=True
    )


def tuned_on(many: int) -> Iterator[tuple[np.ndarray, Truth]]:
    """Films in many manners."""
    chance = np.random.default_rng(4)
    for seed in range(many):
        manner = Manner(
            roughness=(float(chance.uniform(0.7, 1.0)), float(chance.uniform(1.5, 2.0))),
            speed=float(chance.uniform(0.6, 2)),
            noise=float(chance.uniform(0.4, 2)),
            contrast=(float(chance.uniform(15, 30)), float(chance.uniform(50, 75))),
            sprites=int(chance.integers(1, 6)),
            eased=bool(chance.integers(2)),
            shot=(int(chance.integers(14, 30)), int(chance.integers(60, 110))),
        )
        yield film(5000 + seed, manner, 10)


def reversed_(frames: np.ndarray, truth: Truth) -> tuple[np.ndarray, Truth]:
    """A film backwards."""
    many = len(frames)
    back = [[(many - end, many - first) for first, end in spans] for spans in (truth.dissolves, truth.fades)]
    return frames[::-1], Truth([many - cut for cut in truth.cuts], back[0], back[1], [])


def fit(films: Films) -> None:
    """Fit the weights: logistic regression on figures and their products."""
    rows, labels, weights = [], [], []
    for frames, truth in [*films, *(reversed_(*each) for each in films)]:
        seen = dissolves.Seen(frames)
        for length in dissolves.LENGTHS:
            centres, figures = seen.figures(length)
            is_one, is_near = np.zeros(len(centres), bool), np.zeros(len(centres), bool)
            for first, end in truth.dissolves:
                near = (centres > first - length / 2 - 2) & (centres < end + length / 2 + 2)
                middle = np.abs(centres - (first + end) / 2) <= max(1.5, (end - first) * 0.12)
                is_near |= near
                if 0.72 <= length / (end - first) <= 1.4:
                    is_one |= middle
            kept = is_one | (~is_near & (np.arange(len(centres)) % 2 == 0))
            rows.append(figures[kept])
            labels.append(is_one[kept])
    figures, is_one = np.concatenate(rows), np.concatenate(labels)
    mean, spread = figures.mean(axis=0), figures.std(axis=0) + 1e-6
    made = dissolves.terms((figures - mean) / spread)
    weights = np.where(is_one, 0.3 * (~is_one).sum() / is_one.sum(), 1.0)
    found = np.zeros(made.shape[1])
    for _ in range(14):
        likely = 1 / (1 + np.exp(-np.clip(made @ found, -30, 30)))
        slope = made.T @ (weights * (is_one - likely)) - 3 * found
        bend = (made * (weights * likely * (1 - likely))[:, None]).T @ made + 3 * np.eye(len(found))
        found += np.linalg.solve(bend, slope)
    kept = {"mean": mean, "spread": spread, "weights": found}
    table = {name: [float(f"{value:.5g}") for value in values] for name, values in kept.items()}
    TABLE.write_text(json.dumps(table | {"threshold": 4.0}, indent=0) + "\n", encoding="ascii")
    dissolves._model.cache_clear()


def report(name: str, films: Films) -> None:
    """What is found in films, as a table."""
    counts: dict[str, list[int]] = {}
    frames = 0
    began = time.process_time()
    for pictures, truth in films:
        frames += len(pictures)
        found = analyse_picture(
            ((number / RATE, picture) for number, picture in enumerate(pictures)), closely=True
        )
        number_of = {to_micros(number / RATE): number for number in range(len(pictures) + 1)}
        cuts = [number_of[cut.at_us] for cut in found.cuts]
        spans = {
            kind: [
                (number_of[each.start_us], number_of[each.end_us])
                for each in found.transitions
                if each.kind in kinds
            ]
            for kind, kinds in (("dissolve", ("dissolve",)), ("fade", ("fade in", "fade out")))
        }
        flashes = [number_of[each.at_us] for each in found.flashes]
        for kind, got, true in (
            ("cut", [(cut, cut + 1) for cut in cuts], [(cut, cut + 1) for cut in truth.cuts]),
            ("dissolve", spans["dissolve"], truth.dissolves),
            ("fade", spans["fade"], truth.fades),
            ("flash", [(at, at + 1) for at in flashes], [(at, at + 1) for at in truth.flashes]),
        ):
            hits = matched(got, true)
            total = counts.setdefault(kind, [0, 0, 0])
            total[0] += hits
            total[1] += len(got) - hits
            total[2] += len(true) - hits
    cost = (time.process_time() - began) / frames
    for kind, (hits, false, missed) in counts.items():
        f1 = 2 * hits / max(1, 2 * hits + false + missed)
        print(f"{name:10} {kind:9} {f1:5.3f}  {hits:5}  {false:5}  {missed:6}")
    print(f"{name:10} {frames} frames, {1e3 * cost:.2f} ms of processor time each", flush=True)


def matched(got: Sequence[tuple[int, int]], true: Sequence[tuple[int, int]]) -> int:
    """How many of the true ones were found, each once."""
    used: set[int] = set()
    for first, end in true:
        shared = [
            (min(end, other[1]) - max(first, other[0])) / (max(end, other[1]) - min(first, other[0]))
            for other in got
        ]
        best = max(range(len(got)), key=lambda number: shared[number], default=None)
        if best is not None and shared[best] >= LEAST_SHARED and best not in used:
            used.add(best)
    return len(used)


if __name__ == "__main__":
    main()

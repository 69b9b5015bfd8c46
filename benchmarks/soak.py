"""Thousands of random faults: each job is disturbed, finished by saying the same again, and held to the laws.

The laws, the stage and the faults are those of the tests (``tests/faults``)::

    python -m benchmarks.soak --faults 3000 --seed 1

Prints the table for RESULTS.md; ends with 1 if a law was broken.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.faults.kinds import network
from tests.faults.odd import GONE, ODD
from tests.faults.proxy import Answer
from tests.faults.stage import UNSURE, Case, Stage, judged, stage

CASES_OF_A_STAGE = 50
"""Then engine and folders begin anew, so that the list of films stays as long as a customer's."""

DAY_S = 86_400.0
_TROUBLES = network()

Disturbed = dict[str, Any]


@dataclass
class Tally:
    """What came of the cases of one kind."""

    cases: int = 0
    faults: int = 0
    at_once: int = 0
    unsure: int = 0
    paid: Counter[int] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.cases += other.cases
        self.faults += other.faults
        self.at_once += other.at_once
        self.unsure += other.unsure
        self.paid += other.paid
        self.broken += other.broken


class Soak:
    """One process's share: a stage and dice."""

    def __init__(
        self, played: Stage, dice: random.Random, only: Sequence[str] = (), keep: Path | None = None
    ) -> None:
        self.played = played
        self.dice = dice
        self.reference = played.reference()
        case = played.case()
        self.events = len(case.run().moments)
        self.kinds: dict[str, Callable[[Case], int | Disturbed]] = {
            "killed": self.kill,
            "killed twice in a row": self.kill_twice,
            "SIGTERM": lambda case: {"nth": self.moment(), "does": "term"},
            "network": self.trouble,
            "network, twice": self.troubles,
            "network, then killed": self.trouble_and_kill,
            "killed, then network": self.kill_and_trouble,
            "killed, then a wrong clock": self.kill_and_clock,
            "clock jumps": lambda case: {"nth": self.moment(), "does": "jump", "clock_s": self.days()},
            "disk full": lambda case: {"file_limit_bytes": round(10 ** self.dice.uniform(2, 5))},
            "two at once, one killed": self.two,
            "odd answer": self.odd,
            "odd answer, killed": lambda case: self.odd(case) | self.kill(case),
            "odd answer, network": lambda case: self.odd(case) | self.trouble(case),
            "killed, then an odd answer": self.kill_and_odd,
            "items gone": self.gone,
            "items gone, killed": lambda case: self.gone(case) | self.kill(case),
            "items gone, network": lambda case: self.gone(case) | self.trouble(case),
        }
        odds = dict(zip(self.kinds, (8, 3, 2, 8, 2, 2, 2, 1, 1, 1, 1, 8, 3, 3, 1, 5, 2, 2), strict=True))
        self.odds = {kind: odds[kind] for kind in only or odds}
        self.keep = keep

    def one(self) -> tuple[str, Tally]:
        """One case of a random kind."""
        kind = self.dice.choices(list(self.odds), list(self.odds.values()))[0]
        case = self.played.case()
        self.made: list[str] = []
        self.odd_answers = 0
        try:
            disturbed = self.kinds[kind](case)
        except AssertionError as error:
            return kind, Tally(1, 1, broken=[f"{kind}: {error}"])
        planned = list(self.played.proxy.faults)
        broken = judged(case, self.reference, f"{kind} ({', '.join(self.made)})", **disturbed)
        if broken and self.keep is not None:
            self.keep_case(case, broken)
        met = sum(one.made > 0 for one in planned)
        stopped = sum(end.done for end in case.ends) + ("file_limit_bytes" in disturbed)
        stopped += disturbed.get("clock_s", 0.0) != 0 and disturbed.get("does") != "jump"
        stopped += self.odd_answers
        tally = Tally(1, met + stopped, broken=broken)
        tally.at_once = case.ends[0].code == 0
        tally.unsure = any(end.code == UNSURE for end in case.ends)
        tally.paid[case.paid] += 1
        return kind, tally

    def keep_case(self, case: Case, broken: list[str]) -> None:
        """Copy a case that broke a law, with what its runs said and what was asked."""
        assert self.keep is not None
        kept = self.keep / f"{os.getpid()}-{case.folder.name}"
        shutil.copytree(case.folder, kept)
        outputs = [f"--- code {end.code}\n{end.output}" for end in case.ends]
        calls = [call for call in self.played.proxy.asked if "/links/" not in call][-60:]
        (kept / "broken.txt").write_text("\n".join([*broken, *outputs, "--- calls", *calls]))

    def moment(self) -> int:
        return self.dice.randint(1, self.events)

    def days(self) -> float:
        return self.dice.choice((-3650, -1, 1, 3650)) * DAY_S

    def kill(self, case: Case) -> Disturbed:
        return {"nth": self.moment(), "does": "kill"}

    def kill_twice(self, case: Case) -> Disturbed:
        case.run(**self.kill(case))
        return self.kill(case)

    def trouble(self, case: Case) -> Disturbed:
        chosen = self.dice.choice(_TROUBLES)
        nth = chosen.nth if self.dice.random() < 0.6 else self.dice.randint(1, 3)
        self.made.append(str(replace(chosen, nth=nth)))
        self.played.proxy.plan(chosen.fault, chosen.on, nth, chosen.times)
        return {}

    def troubles(self, case: Case) -> Disturbed:
        self.trouble(case)
        return self.trouble(case)

    def trouble_and_kill(self, case: Case) -> Disturbed:
        self.trouble(case)
        return self.kill(case)

    def kill_and_trouble(self, case: Case) -> Disturbed:
        case.run(**self.kill(case))
        return self.trouble(case)

    def kill_and_clock(self, case: Case) -> Disturbed:
        case.run(**self.kill(case))
        return {"clock_s": self.days()}

    def odd(self, case: Case) -> Disturbed:
        """Every answer about the case's film makes no sense, each in the same way."""
        kind, seed = self.dice.choice(ODD), self.dice.random()
        self.made.append(kind.kind)
        self.odd_answers += 1
        case.more = ("--skip-bad-cues",)
        case.may_lose = math.inf if kind.loses is None else kind.loses
        self.played.proxy.change = lambda document: kind.change(document, random.Random(seed))
        return {}

    def kill_and_odd(self, case: Case) -> Disturbed:
        case.run(**self.kill(case))
        return self.odd(case)

    def gone(self, case: Case) -> Disturbed:
        """Some items can never be had; never all of them, which would rightly end the run."""
        kind, seed, share = self.dice.choice(list(GONE)), self.dice.random(), self.dice.choice((0.2, 0.5))
        self.made.append(kind)
        self.odd_answers += 1
        case.may_lose = 0
        first: list[str] = []

        def gone(path: str) -> Answer | None:
            first.append(path)
            is_gone = path != first[0] and random.Random(f"{seed} {path}").random() < share
            return GONE[kind] if is_gone else None

        self.played.proxy.gone = gone
        return {}

    def two(self, case: Case) -> Disturbed:
        case.together(case.planned(**self.kill(case)), case.planned())
        return {}


def share(
    number: int, faults: int, seed: int, patience_s: float, only: Sequence[str], keep: Path | None
) -> tuple[dict[str, Tally], float]:
    """One process's share of the faults."""
    dice = random.Random(f"{seed} {number}")
    tallies: dict[str, Tally] = {}
    started = time.monotonic()
    made = 0
    while made < faults:
        with tempfile.TemporaryDirectory() as folder, stage(Path(folder), patience_s) as played:
            soak = Soak(played, dice, only, keep)
            for _ in range(CASES_OF_A_STAGE):
                kind, tally = soak.one()
                tallies.setdefault(kind, Tally()).add(tally)
                made += tally.faults
                for fault in tally.broken:
                    print(f"BROKEN: {fault}", file=sys.stderr, flush=True)
                if made >= faults:
                    break
        print(
            f"share {number}: {made} faults, {time.monotonic() - started:.0f} s",
            *table(tallies),
            sep="\n",
            file=sys.stderr,
            flush=True,
        )
    return tallies, time.monotonic() - started


def table(tallies: dict[str, Tally]) -> Iterator[str]:
    """The rows for RESULTS.md."""
    whole = Tally()
    heads = (
        "jobs",
        "faults",
        "went on by itself",
        "asked if it was paid (7)",
        "paid once",
        "twice",
        "broken",
    )
    yield f"| what happened | {' | '.join(heads)} |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for kind, tally in sorted(tallies.items()):
        whole.add(tally)
        yield _row(kind, tally)
    yield _row("**all**", whole)


def _row(kind: str, tally: Tally) -> str:
    twice = sum(n for paid, n in tally.paid.items() if paid > 1)
    cells = (tally.cases, tally.faults, tally.at_once, tally.unsure, tally.paid[1], twice, len(tally.broken))
    return f"| {kind} | {' | '.join(map(str, cells))} |"


def main() -> int:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--faults", type=int, default=3000)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    reader.add_argument(
        "--patience",
        type=float,
        default=60.0,
        help="seconds after which a run hangs (more on a busy machine)",
    )
    reader.add_argument("--only", action="append", default=[], metavar="KIND", help="may be repeated")
    reader.add_argument("--keep", type=Path, help="where the folders of cases that break a law are copied")
    options = reader.parse_args()
    tallies: dict[str, Tally] = {}
    longest_s = 0.0
    with ProcessPoolExecutor(options.processes) as pool:
        each = -(-options.faults // options.processes)
        for part, took_s in pool.map(
            share,
            range(options.processes),
            *zip(
                *[(each, options.seed, options.patience, options.only, options.keep)] * options.processes,
                strict=True,
            ),
        ):
            longest_s = max(longest_s, took_s)
            for kind, tally in part.items():
                tallies.setdefault(kind, Tally()).add(tally)
    print("\n".join(table(tallies)))
    print(f"\nSeed {options.seed}, {options.processes} processes, {longest_s / 60:.0f} minutes.")
    return int(any(tally.broken for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())

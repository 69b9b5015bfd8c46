"""Where faults are made: an engine, the proxy before it, a small film to score, and the laws that hold.

A *case* is one job on that stage, in a folder of its own: it is disturbed in whatever way, finished by saying
the same again, and judged.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import wave
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import av
import numpy as np

from tests.faults.killing import HUNG, Ended, Moment, Run, Runner
from tests.faults.odd import price_of
from tests.faults.proxy import ITEM, Proxy, proxied
from tests.timelines import clip, timeline, track

TOKEN = "sesame-0123456789-abcdef"
OUTPUT = "scored.otio"
UNSURE = 7

FINE = frozenset((0, 1, 4, 5, 6, UNSURE, 130, -9))
"""How a disturbed run may end: well, told of, or killed by us."""

_FRAMES = 60
_RATE = Fraction(24)
_SIZE = (64, 48)
_HZ = 48_000
_MOST_RUNS = 8


@dataclass(frozen=True)
class Stage:
    """All that cases share.

    Attributes:
        folder: Where cases are.
        footage: The film that timelines are cut from.
        proxy: What stands before the engine.
        runner: What runs the program.
        patience_s: After this long without a word or an event a run hangs.
    """

    folder: Path
    footage: Path
    proxy: Proxy
    runner: Runner
    patience_s: float = 60.0
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def case(self, *more: str) -> Case:
        """A job that nobody has asked for before; with further options of ``score``."""
        self.proxy.faults.clear()
        self.proxy.changed.clear()
        self.proxy.change, self.proxy.gone = None, lambda path: None
        name = f"cut{next(self._numbers)}"
        folder = self.folder / name
        (folder / "config").mkdir(parents=True)
        # An answer takes a second at the most, so that a slow one is a fault soon. What came of a call is
        # looked for longer where the engine takes longer, too: on a busy machine, which gets more patience.
        look_s = self.patience_s / 120
        (folder / "config" / "config.toml").write_text(
            f"[timeouts]\nanswer_s = 1.0\nfilm_s = 1.0\nwait_s = 30.0\nlook_s = {look_s}\n"
        )
        shots = [
            clip(name, start, frames, url=str(self.footage), available=(0, _FRAMES))
            for name, start, frames in (("first", 3, 12), ("second", 20, 14), ("third", 38, 20))
        ]
        cut = timeline(track(*shots), start=86_400)
        cut.name = name
        (folder / f"{name}.otio").write_text(cut.to_json_string())
        return Case(self, folder, folder / f"{name}.otio", more, self.inputs(folder))

    def reference(self) -> Any:
        """What an undisturbed job ends as."""
        case = self.case()
        assert case.run().code == 0, case.ends[-1].output
        reference = case.result()
        case.check(reference)
        return reference

    def inputs(self, folder: Path) -> Mapping[Path, str]:
        """Digests of what no run may change."""
        return {path: digest(path) for path in (self.footage, *folder.glob("*.otio"))}


@dataclass
class Case:
    """One job.

    Attributes:
        stage: Where it plays.
        folder: Its folder.
        cut: Its timeline.
        more: Further options of ``score``.
        inputs: Digests of what no run may change.
        ends: How its runs ended.
        may_lose: How many cues its answer may lose at the most, where that is odd; ``None`` where it is not.
    """

    stage: Stage
    folder: Path
    cut: Path
    more: tuple[str, ...]
    inputs: Mapping[Path, str]
    ends: list[Ended] = field(default_factory=list)
    may_lose: float | None = None

    @property
    def job(self) -> Path | None:
        """The folder of its job; ``None`` before there is one."""
        return next(iter(self.jobs.glob(f"*-{'[0-9a-f]' * 12}")), None)

    @property
    def jobs(self) -> Path:
        """Where jobs are kept."""
        given = dict(zip(self.more, self.more[1:], strict=False)).get("--jobs-dir")
        return Path(given) if given else self.cut.with_suffix(".avm")

    @property
    def key(self) -> str:
        """What the names of its films carry."""
        return self.job.name.rsplit("-", 1)[-1] if self.job else "no job"

    @property
    def paid(self) -> int:
        """How many analyses the service took for it."""
        return sum(n for name, n in self.stage.proxy.paid.items() if self.key in name)

    @property
    def uploads(self) -> int:
        """How many films the service took for it."""
        return sum(n for name, n in self.stage.proxy.uploads.copy().items() if self.key in name)

    def planned(self, *arguments: str, **disturbed: Any) -> Run:
        """A run of the program in its folder: ``score`` where no other words are given."""
        command = arguments or (
            *("score", self.cut.name, "-o", OUTPUT, "--service", self.stage.proxy.url),
            *("--effects-density", "600"),  # several items, in a film of three seconds
            *("--title", self.cut.stem),  # of its own, so that no two cases are one question
            *self.more,
        )
        env = {
            "HOME": str(self.folder / "home"),
            "AVM_CONFIG_DIR": str(self.folder / "config"),
            "AVM_CACHE_DIR": str(self.folder / "home" / "cache"),
            "AVM_TOKEN": TOKEN,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        return Run(command, str(self.folder), env, patience_s=self.stage.patience_s, **disturbed)

    def run(self, *arguments: str, **disturbed: Any) -> Ended:
        """Run the program, disturbed or not."""
        return self.together(self.planned(*arguments, **disturbed))[0]

    def together(self, *runs: Run) -> list[Ended]:
        """Run the program several times at once. What must hold after every run does."""
        ends = self.stage.runner.together(*runs)
        self.ends += ends
        self._check_always()
        return ends

    def finish(self) -> None:
        """Say the same again until it ends well; where a payment is uncertain, go the way that is right.

        Raises:
            AssertionError: It does not come to an end.
        """
        self.stage.proxy.faults.clear()
        for number in range(_MOST_RUNS):
            self.stage.proxy.quiet()
            if number == _MOST_RUNS // 2:  # where nothing at all can be had, nothing is decided
                self.stage.proxy.gone = lambda path: None
            end = self.run()
            if end.code == UNSURE:
                self.be_sure(end)
            if end.code == 0:
                return
        raise AssertionError(f"no end after {_MOST_RUNS} runs: {self.ends[-1].output}")

    def be_sure(self, end: Ended) -> None:
        """Go on from an uncertain payment as the user does who knows whether the service took it."""
        assert "--wait" in end.output, end.output
        assert "--resubmit" in end.output, end.output
        assert self.job is not None
        self.stage.proxy.quiet()  # whoever looks too early knows nothing
        self.run("jobs", "resume", str(self.job), *(("--wait",) if self.paid else ("--resubmit", "--yes")))

    # The laws

    def _check_always(self) -> None:
        end = self.ends[-1]
        assert end.code != HUNG, f"hangs: {end.output}"
        for one in self.ends:
            assert "Traceback" not in one.output, one.output
            assert "fault of avm-otio" not in one.output, one.output
            assert TOKEN not in one.output
            assert one.code in FINE, (one.code, one.output)
        assert self.stage.inputs(self.folder).items() >= self.inputs.items(), "the input was changed"
        assert self.paid <= 1, f"paid {self.paid} times"
        assert self.uploads <= 2, f"{self.uploads} uploads"
        assert not self.stage.proxy.token_in, "a download carried the token"

    def check(self, reference: Any) -> None:
        """The job has ended as an undisturbed one does, and has left nothing behind.

        Raises:
            AssertionError: It has not.
        """
        self.stage.proxy.quiet()
        self._check_always()
        assert self.paid == 1, f"paid {self.paid} times"
        if self.is_unlike:
            self._check_choice(reference)
        else:
            unlike = difference(self.result(), reference)
            assert not unlike, unlike
        # What jobs share (cache.json, waits.json) is no part of this one: its next writer clears up there.
        shared = (self.jobs, self.folder / "home" / "cache")
        left = [path for path in self.folder.rglob("*") if is_litter(path) and path.parent not in shared]
        litter = [str(path.relative_to(self.folder)) for path in left]
        assert not litter, f"left behind: {litter}"
        for path in self.folder.rglob("*"):
            if path.is_file():
                assert TOKEN.encode() not in path.read_bytes(), f"{path} holds the token"

    def check_output(self, reference: Any) -> None:
        """The output is absent or whole, however the run ended.

        Raises:
            AssertionError: It is not.
        """
        if (self.folder / OUTPUT).exists() and not self.is_unlike:
            unlike = difference(self.result(), reference)
            assert not unlike, f"half an output: {unlike}"

    @property
    def is_unlike(self) -> bool:
        """Whether it may end otherwise than an undisturbed job: by an odd answer, or an item that is gone."""
        return self.may_lose is not None or (self.job is not None and bool(self._journal()["unavailable"]))

    def _journal(self) -> Any:
        assert self.job is not None
        return json.loads((self.job / "job.json").read_text())

    def _check_choice(self, reference: Any) -> None:
        """Nothing that was paid for is lost, what is not laid is told, the total is that of what is laid."""
        assert self.job is not None
        journal = self._journal()
        if self.stage.proxy.changed and not journal["call"]["adopted"]:
            assert (self.job / "result.received").read_bytes() in self.stage.proxy.changed, "not as it came"
        laid = _laid(json.loads((self.folder / OUTPUT).read_text()))
        (written,) = journal["outputs"].values()
        summary = written["summary"]
        prices: dict[tuple[str, str], Decimal] = {}
        for one in laid:
            key = (one["kind"], str(one["item"]["id"]))
            prices[key] = max(price_of(one["item"]), prices.get(key, Decimal(0)))
        total = sum(prices.values(), Decimal(0))
        assert Decimal(summary["total_price"]) == total, f"{summary['total_price']} instead of {total}"
        empty = [one for one in summary["unavailable"] if one["instead"] is None]
        lost = len(_laid(reference)) - len(laid) - len({(one["kind"], one["film_start_us"]) for one in empty})
        assert lost <= (self.may_lose or 0), f"{lost} cues lost: {self.ends[-1].output}"
        for one in summary["unavailable"]:
            assert f"{one['kind']} {one['id']}" in journal["unavailable"]
            assert any(f"{one['kind']} {one['id']} cannot be had" in end.output.lower() for end in self.ends)
        calls = len(self.stage.proxy.asked)
        before = self.result()
        (self.folder / OUTPUT).unlink()
        assert self.run().code == 0, self.ends[-1].output
        assert not difference(self.result(), before), "another choice in the next run"
        assert len(self.stage.proxy.asked) == calls, f"asked again: {self.stage.proxy.asked[calls:]}"

    def result(self) -> Any:
        """The scored timeline as a value that is equal for equal results.

        Media are named by what is in them; what differs between two jobs of one question is left out.
        """
        scored = json.loads((self.folder / OUTPUT).read_text())
        return _alike(scored, self)


def _laid(scored: Any) -> list[dict[str, Any]]:
    """What our metadata say of every clip that is heard."""
    found: list[dict[str, Any]] = []
    waiting = [scored]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
            note = one.get("metadata", {}).get("avm") if isinstance(one.get("metadata"), dict) else None
            if str(one.get("OTIO_SCHEMA", "")).startswith("Clip") and one.get("enabled") and note:
                found += [note] if "item" in note else []
    return found


def is_litter(path: Path) -> bool:
    """Whether a file is one that only a run under way should have."""
    return path.name.startswith(".") or path.suffix in (".part", ".tmp", ".partial")


def digest(path: Path) -> str:
    """What is in a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def difference(one: Any, other: Any, place: str = "") -> str:
    """Where two values of JSON differ first; empty where they do not."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = [name for name in one | other if one.get(name) != other.get(name)]
        return difference(one.get(names[0]), other.get(names[0]), f"{place}/{names[0]}") if names else ""
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        unlike = [n for n, (this, that) in enumerate(zip(one, other, strict=True)) if this != that]
        return difference(one[unlike[0]], other[unlike[0]], f"{place}/{unlike[0]}") if unlike else ""
    return "" if one == other else f"{place}: {str(one)[:150]} instead of {str(other)[:150]}"


_OF_ONE_JOB = frozenset(("film_id", "session_id", "url"))
_OF_A_FILM_ONLY = frozenset(("like", "bpm", "instrument", "genre", "emotion"))
"""What a Film says of its music and a service result does not: there where the answer was adopted."""


def _alike(value: Any, case: Case) -> Any:
    if isinstance(value, dict):
        return {
            name: _media(value[name], case) if name == "target_url" else _alike(value[name], case)
            for name in value
            if name not in _OF_ONE_JOB | _OF_A_FILM_ONLY
        }
    if isinstance(value, list):
        return [_alike(one, case) for one in value]
    if isinstance(value, str):
        plain = (
            value.replace(str(case.folder), "<folder>")
            .replace(case.key, "<key>")
            .replace(case.cut.stem, "<cut>")
        )
        return re.sub(r"http://127\.0\.0\.1:\d+", "<service>", plain)
    return value


def _media(url: str, case: Case) -> str:
    path = Path(unquote(urlsplit(url).path))
    path = path if path.is_absolute() else case.folder / path
    assert path.is_file(), f"{url} is not there"
    return f"{path.name} {digest(path)}"


@contextmanager
def stage(folder: Path, patience_s: float = 60.0) -> Iterator[Stage]:
    """An engine with a library of its own, the proxy, and all the rest, as long as this is open."""
    with ExitStack() as held:
        library = _library(folder / "library")
        proxy = held.enter_context(proxied(held.enter_context(_engine(folder, library))))
        runner = held.enter_context(Runner())
        yield Stage(folder, _film(folder / "footage.mp4"), proxy, runner, patience_s)


@contextmanager
def _engine(folder: Path, library: Path) -> Iterator[str]:
    """The local engine as a process of its own; its address."""
    arguments = ["engine", "serve", "--data", str(folder / "engine"), "--library", str(library)]
    env = os.environ | {"AVM_TOKEN": TOKEN, "AVM_CACHE_DIR": str(folder / "cache")}
    with subprocess.Popen(
        [sys.executable, "-m", "avm_otio", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=env,
    ) as engine:
        assert engine.stdout is not None
        try:
            yield engine.stdout.readline().strip()
        finally:
            engine.terminate()


def _film(path: Path) -> Path:
    """Shots of noise with hard cuts, and a door that slams."""
    chance = np.random.default_rng(4)
    sound = np.zeros(_FRAMES * _HZ // 24)
    slam = chance.uniform(-0.9, 0.9, 4800) * np.exp(-np.arange(4800) / 900)
    for at_frame in (10, 30, 50):
        at = at_frame * _HZ // 24
        sound[at : at + 4800] += slam
    with av.open(str(path), "w") as file:
        picture = file.add_stream("libx264", rate=_RATE, options={"preset": "ultrafast", "g": "12"})
        picture.width, picture.height, picture.pix_fmt = *_SIZE, "yuv420p"
        heard = file.add_stream("aac", rate=_HZ, layout="mono")
        for number in range(_FRAMES):
            if number % 15 == 0:
                shot = np.kron(chance.integers(20, 235, (6, 8)).astype(np.uint8), np.ones((8, 8), np.uint8))
            frame = av.VideoFrame.from_ndarray(shot, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, 1 / _RATE
            file.mux(picture.encode(frame))
        file.mux(picture.encode(None))
        block = av.AudioFrame.from_ndarray(sound.astype(np.float32)[None], format="fltp", layout="mono")
        block.sample_rate, block.pts, block.time_base = _HZ, 0, Fraction(1, _HZ)
        file.mux(heard.encode(block))
        file.mux(heard.encode(None))
    return path


def _library(folder: Path) -> Path:
    """A few sounds, one of them too long for one piece."""
    chance = np.random.default_rng(8)
    lengths = {
        "effects/Whoosh.wav": 0.4,
        "effects/Slam.wav": 0.6,
        "effects/Tick.wav": 0.2,
        "music/Warm bed – 92 bpm.wav": 2.5,
        "music/Dark bed – 70 bpm.wav": 2.5,
    }
    for name, seconds in lengths.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = chance.uniform(-8000, 8000, round(seconds * _HZ)) * np.linspace(1, 0, round(seconds * _HZ))
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(_HZ)
            file.writeframes(samples.astype("<i2").tobytes())
    return folder


def judged(case: Case, reference: Any, what: str, **disturbed: Any) -> list[str]:
    """Run a case, disturbed; finish it, and hold it to the laws: empty, or which one it broke."""
    try:
        case.run(**disturbed)
        case.check_output(reference)
        case.finish()
        case.check(reference)
    except AssertionError as error:
        codes = [end.code for end in case.ends]
        calls = [call for call in case.stage.proxy.asked[-12:] if not re.fullmatch(ITEM, call)]
        return [f"{what}: {str(error)[:400]}; codes {codes}, calls {calls}"]
    return []


def described(moment: Moment) -> str:
    """A moment for people."""
    label, number = moment
    return f"“{label}”, time {number}"


def places(ended: Ended) -> list[Moment]:
    """The events at which a run can be stopped; how often it polled is chance, the first times are enough."""
    return [(label, n) for label, n in ended.moments if "/service/N/" not in label or n <= 2]

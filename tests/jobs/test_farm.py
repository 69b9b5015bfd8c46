"""A farm's job as its scheduler meets it: the real `openjd` checks, sums up and runs what `farm` wrote."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from avm_otio.cli.main import run
from avm_otio.jobs.many.farm import ORDERS, TEMPLATE
from avm_otio.jobs.many.farm import Stage as Step
from tests.faults.breaking import instead
from tests.faults.proxy import ITEM, PAY, POLL, UPLOAD, Call, says
from tests.faults.stage import TOKEN, Stage, stage
from tests.timelines import clip, timeline, track

NAMES = ("reel 1", "場景's “two”", "{{reel}} & 3")
"""What file systems allow and shells and format strings stumble over."""

OPENJD = Path(sys.executable).with_name("openjd")
needs_openjd = pytest.mark.skipif(not OPENJD.exists(), reason="openjd-cli is not installed")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("farm")) as made:
        yield made


class Farm:
    """Some timelines on a shared disk, and a worker."""

    def __init__(self, folder: Path, names: tuple[str, ...] = NAMES, played: Stage | None = None) -> None:
        self.url, footage = "http://127.0.0.1:9", "any.mp4"  # nobody is asked while a bundle is written
        if played is not None:
            self.proxy, self.url, footage = played.proxy, played.proxy.url, str(played.footage)
            self.proxy.faults.clear()
        self.folder = folder
        self.bundle = folder / "to night"
        self.out = folder / "out"
        self.cuts = [folder / f"{name}.otio" for name in names]
        for number, cut in enumerate(self.cuts):  # of other content each, so that each is a job of its own
            shots = [clip("one", number, 20 + number, url=footage, available=(0, 60))]
            shots += [clip("two", 30, 20, url=footage, available=(0, 60))]
            cut.write_text(timeline(track(*shots), start=86_400).to_json_string())
        self._pid = folder / "pid"
        self._program = folder / "avm program"
        self._program.write_text(
            f'#!/bin/sh\necho $$ >"{self._pid}"\nexec "{sys.executable}" -m avm_otio "$@"\n'
        )
        self._program.chmod(0o755)
        config = folder / "config"
        config.mkdir()
        (config / "config.toml").write_text("[timeouts]\nanswer_s = 5.0\nlook_s = 0.5\nwait_s = 30.0\n")
        self.env = os.environ | {"AVM_TOKEN": TOKEN, "AVM_CONFIG_DIR": str(config)}

    def write(self, *more: str) -> int:
        """Write the bundle."""
        cuts = [str(cut) for cut in self.cuts]
        where = ["-o", str(self.bundle), "--output-dir", str(self.out), "--service", self.url]
        return run(["farm", *cuts, *where, "--title", self.folder.name, *more])  # nobody asked this before

    def openjd(self, *arguments: str, bundle: Path | None = None) -> subprocess.CompletedProcess[str]:
        """The real openjd, to its end."""
        verb, *rest = arguments
        template = str((bundle or self.bundle) / TEMPLATE)
        values = ["-p", f"Program={self._program}"] if verb == "run" else []
        call = [str(OPENJD), verb, template, *rest, *values]
        return subprocess.run(
            call, env=self.env, capture_output=True, text=True, encoding="utf-8", check=False
        )

    def step(self, step: Step, *more: str) -> subprocess.CompletedProcess[str]:
        """All tasks of one step alone, or the one that is named."""
        return self.openjd("run", "--step", step, *more)

    def kill(self, call: Call) -> None:
        """Kill the task that is at work, once the service has its request."""
        call.pass_on()
        os.kill(int(self._pid.read_text()), signal.SIGKILL)

    @property
    def paid(self) -> Mapping[str, int]:
        """Paid calls by timeline."""
        jobs = {cut.stem: next(cut.with_suffix(".avm").glob("*/job.json"), None) for cut in self.cuts}
        keys = {
            name: "none" if job is None else json.loads(job.read_text())["key"] for name, job in jobs.items()
        }
        return {
            name: sum(n for film, n in self.proxy.paid.items() if key in film) for name, key in keys.items()
        }

    def check(self) -> None:
        """Every timeline is scored as ``score`` does it, and paid for once.

        Raises:
            AssertionError: It is not.
        """
        assert set(self.paid.values()) == {1}
        for cut in self.cuts:
            alone = self.folder / "alone" / f"{cut.stem}.otio"
            more = ["--service", self.url, "--title", "alone", "--jobs-dir", str(alone.with_suffix(".avm"))]
            call = [sys.executable, "-m", "avm_otio", "score", str(cut), "-o", str(alone), *more]
            subprocess.run(call, env=self.env, check=True, capture_output=True)
            assert alike(self.out / f"{cut.stem}.scored.otio") == alike(alone)


_OF_ONE_JOB = ("film_id", "session_id", "url", "target_url", "avm_reasons")
"""Their films have titles of their own, and words of a title are a reason for a piece of music."""
_OF_FILMS = ("bpm", "emotion", "genre", "instrument", "like")
"""What a Film says of its music and a service's result does not: an adopted answer has it."""


def alike(path: Path) -> Any:
    """A scored timeline without what differs between two jobs that were asked the same."""
    text = re.sub(r"http://127\.0\.0\.1:\d+", "<service>", path.read_text())
    differ = (*_OF_ONE_JOB, *_OF_FILMS)
    return json.loads(
        text, object_pairs_hook=lambda pairs: {name: value for name, value in pairs if name not in differ}
    )


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(tmp_path)


def error_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of the error."""
    text = capsys.readouterr().err
    (line,) = (line for line in text.splitlines() if line.startswith("Error: "))
    return line


# --- the bundle


@needs_openjd
def test_openjd_finds_three_steps_with_a_task_for_each_timeline(farm: Farm) -> None:
    assert farm.write("--limit", "amount.avmapping") == 0
    assert farm.openjd("check").returncode == 0
    summary = json.loads(farm.openjd("summary", "--output", "json").stdout)
    assert (summary["total_steps"], summary["total_tasks"]) == (3, 9)
    assert summary["name"] == "to night"


def test_nothing_in_the_bundle_names_this_machine_or_holds_the_token(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVM_TOKEN", TOKEN)
    assert farm.write("--jobs-dir", str(farm.folder / "jobs")) == 0
    for path in farm.bundle.rglob("*.json"):
        assert str(farm.folder) not in path.read_text()
        assert TOKEN not in path.read_text()
    order = json.loads((farm.bundle / ORDERS / "0002.json").read_text())
    assert order["timeline"] == f"../{NAMES[1]}.otio"
    assert order["jobs_dir"] == "../jobs"


def test_what_is_configured_here_holds_on_every_worker(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    config = farm.folder / "mine"
    config.mkdir()
    (config / "config.toml").write_text(
        'currency = "EUR"\n[options.genre]\ncinematic = 37\n[requirement]\nbudget_max = 50\n'
    )
    monkeypatch.setenv("AVM_CONFIG_DIR", str(config))
    assert farm.write("--genre", "cinematic") == 0
    order = json.loads((farm.bundle / ORDERS / "0001.json").read_text())
    assert (order["currency"], order["genre"], order["budget_max"]) == ("EUR", [37], 50.0)


def test_a_list_says_for_each_row_what_is_special(farm: Farm) -> None:
    rows = farm.folder / "list.csv"
    rows.write_text('﻿timeline,output,services,tc_in\nreel 1.otio,a.otio,"music, effects",01:00:00:10\n')
    farm.cuts = []
    assert farm.write("--list", str(rows), "--music-gain", "-6") == 0
    order = json.loads((farm.bundle / ORDERS / "0001.json").read_text())
    assert (order["output"], order["tc_in"], order["music_gain_db"]) == ("../a.otio", "01:00:00:10", -6)


# --- what is refused


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("timeline,ouput\nreel 1.otio,a.otio\n", "Did you mean output?"),
        ("name\nx\n", "no column “timeline”"),
        ("timeline,bpm\nreel 1.otio,fast\n", "line 2: “bpm” must be a number"),
        ("timeline\nreel 1.otio\n\nreel 9.otio\n", "line 4: there is no timeline"),
        ("timeline,output\nreel 1.otio,a.otio,b\n", "line 2 has more cells"),
        ("timeline,again\nreel 1.otio,true\n", "again"),
        ("timeline,timeline\nreel 1.otio,x\n", "appears twice"),
        ("timeline;editor\nreel 1.otio;avidd\n", "Did you mean avid?"),
        ("timeline\n", "No timeline is given"),
        ('timeline\n"reel\n', "is not valid CSV"),
    ],
)
def test_a_list_with_a_fault_is_refused_before_anything_is_written(
    farm: Farm, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    rows = farm.folder / "list.csv"
    rows.write_text(text)
    farm.cuts = []
    assert farm.write("--list", str(rows)) in (2, 3)
    assert words in error_line(capsys)
    assert not farm.bundle.exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--name", "same.otio"), "would both be written"),
        (("--name", "{stm}.otio"), "pattern"),
        (("--limit", "licences"), "amount."),
        (("--limit", "amount.worker.vcpu"), "amount."),
        (("--output-dir", "OWN", "--name", "{stem}{suffix}"), "overwrite a timeline"),
    ],
)
def test_orders_that_cannot_be_are_refused_before_anything_is_written(
    farm: Farm, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], words: str
) -> None:
    assert farm.write(*(str(farm.folder) if word == "OWN" else word for word in more)) == 2
    assert words in error_line(capsys)
    assert not farm.bundle.exists()


def test_a_folder_that_holds_something_is_left_as_it_is(
    farm: Farm, capsys: pytest.CaptureFixture[str]
) -> None:
    farm.bundle.mkdir()
    (farm.bundle / "mine").touch()
    assert farm.write() == 2
    assert "exists already" in error_line(capsys)
    assert [path.name for path in farm.bundle.iterdir()] == ["mine"]


def test_a_task_says_which_order_it_cannot_read(farm: Farm, capsys: pytest.CaptureFixture[str]) -> None:
    assert farm.write() == 0
    capsys.readouterr()
    (farm.bundle / ORDERS / "0001.json").write_text("{")
    assert run(["farm-task", str(farm.bundle), "1"]) == 3
    assert "0001.json" in error_line(capsys)
    assert run(["farm-task", str(farm.bundle), "4"]) == 3
    assert "no request 4" in error_line(capsys)


# --- the job, run


@needs_openjd
@pytest.mark.slow
def test_a_job_that_is_run_scores_as_score_does_and_pays_once_a_timeline(
    played: Stage, tmp_path: Path
) -> None:
    farm = Farm(tmp_path, NAMES, played)
    assert farm.write() == 0
    done = farm.openjd("run", "--step", Step.FINISH, "--run-dependencies")
    assert done.returncode == 0, done.stdout
    assert TOKEN not in done.stdout + done.stderr
    assert "openjd_progress: 100.0" in done.stdout
    farm.check()


@needs_openjd
@pytest.mark.slow
def test_on_a_worker_with_other_mounts_paths_are_mapped(played: Stage, tmp_path: Path) -> None:
    farm = Farm(tmp_path, ("reel 1",), played)
    assert farm.write() == 0
    rule = {
        "source_path_format": "POSIX",
        "source_path": "/mnt/show",
        "destination_path": str(farm.folder),
    }
    rules = json.dumps({"version": "pathmapping-1.0", "path_mapping_rules": [rule]})
    mapped = ("--path-mapping-rules", rules, "-p", "Bundle=/mnt/show/to night")
    done = farm.openjd("run", "--step", Step.FINISH, "--run-dependencies", *mapped)
    assert done.returncode == 0, done.stdout
    farm.check()


@needs_openjd
@pytest.mark.slow
@pytest.mark.parametrize("moment", [UPLOAD, PAY, POLL, ITEM])
def test_a_task_that_is_killed_and_run_again_pays_once(played: Stage, tmp_path: Path, moment: str) -> None:
    farm = Farm(tmp_path, ("reel 1", "reel 2"), played)
    assert farm.write() == 0
    assert farm.step(Step.PREPARE).returncode == 0
    farm.proxy.plan(farm.kill, on=moment)
    assert farm.step(Step.ANSWER).returncode != 0
    assert farm.step(Step.ANSWER).returncode == 0
    assert farm.step(Step.ANSWER, "-tp", "Number=1").returncode == 0  # a scheduler that runs it twice
    assert farm.step(Step.FINISH).returncode == 0
    farm.check()


@needs_openjd
@pytest.mark.slow
def test_two_workers_at_one_task_pay_once(played: Stage, tmp_path: Path) -> None:
    farm = Farm(tmp_path, ("reel 1",), played)
    assert farm.write() == 0
    ends: list[int] = []
    workers = [
        threading.Thread(target=lambda: ends.append(farm.step(Step.FINISH).returncode)) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert ends == [0, 0, 0]
    assert farm.paid == {"reel 1": 1}


@needs_openjd
@pytest.mark.slow
def test_a_payment_that_is_uncertain_fails_the_last_task_and_says_the_two_ways_on(
    played: Stage, tmp_path: Path
) -> None:
    farm = Farm(tmp_path, ("reel 1", "reel 2"), played)
    assert farm.write() == 0
    unsure = farm.proxy.plan(instead(says({}, 502)), on=PAY)  # the service never saw it
    answered = farm.step(Step.ANSWER)
    assert (answered.returncode, unsure.made) == (0, 1)
    assert "left to finish" in answered.stdout
    finished = farm.step(Step.FINISH, "-tp", "Number=1")
    assert finished.returncode != 0
    assert "exited with code: 7" in finished.stdout
    (fails,) = (line for line in finished.stdout.splitlines() if "openjd_fail" in line)
    assert "--wait" in fails
    assert "--resubmit" in fails
    assert farm.step(Step.FINISH, "-tp", "Number=2").returncode == 0, "the other is not held up"
    assert farm.paid == {"reel 1": 0, "reel 2": 1}


@needs_openjd
@pytest.mark.slow
def test_a_timeline_that_cannot_be_read_does_not_hold_up_the_others(played: Stage, tmp_path: Path) -> None:
    farm = Farm(tmp_path, ("bad", "good"), played)
    assert farm.write() == 0
    whole = farm.cuts[0].read_text()
    farm.cuts[0].write_text("{}")
    assert farm.step(Step.PREPARE).returncode == 0
    assert farm.step(Step.ANSWER).returncode == 0
    assert farm.step(Step.FINISH, "-tp", "Number=2").returncode == 0
    assert farm.step(Step.FINISH, "-tp", "Number=1").returncode != 0
    farm.cuts[0].write_text(whole)
    assert farm.step(Step.FINISH, "-tp", "Number=1").returncode == 0, (
        "once it is mended, its last task does all"
    )
    assert farm.paid == {"bad": 1, "good": 1}


def test_no_word_of_a_timeline_is_taken_for_a_word_to_the_scheduler(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from avm_otio.cli.farm import TaskOutput
    from avm_otio.cli.output import Output

    task = TaskOutput(Output(), "a\nopenjd_env: X=1")
    with task.step("one\nopenjd_fail: no", 2) as advance:
        advance(1)
    task.say("title\nopenjd_fail: no")
    task.warn("x\nopenjd_unset_env: PATH")
    captured = capsys.readouterr()
    lines = [line for line in (captured.out + captured.err).splitlines() if line.startswith("openjd_")]
    assert [line.split(":")[0] for line in lines] == ["openjd_status", "openjd_progress", "openjd_progress"]

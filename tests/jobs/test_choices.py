"""What a person chooses of an answer: kept at once, laid like any other, and nothing else is changed."""

from __future__ import annotations

import json
import multiprocessing
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pytest

import avm_otio
from avm_otio.cli.main import run
from avm_otio.delivery.deliver import deliver
from avm_otio.errors import InputError, UsageError
from avm_otio.formats import reading
from avm_otio.jobs import choices
from avm_otio.jobs.folder import hold, read_journal
from avm_otio.request import Request
from avm_otio.timeline.model import Clip, Stem
from avm_otio.timeline.time import RecordTime
from tests.differential.events import files_of
from tests.differential.readers.aaf import aaf
from tests.differential.readers.edl import edl
from tests.differential.readers.fcp7 import fcp7
from tests.differential.readers.fcpxml import fcpxml
from tests.differential.readers.kdenlive import kdenlive
from tests.differential.readers.otio import plain as plain_otio
from tests.differential.readers.otio import premiere as premiere_otio
from tests.differential.readers.otio import resolve as resolve_otio
from tests.differential.readers.protools import protools
from tests.differential.readers.reaper import reaper
from tests.jobs.scored_folder import work_in
from tests.media.numbered import movie
from tests.media.sounds import wav
from tests.media.tunes import tune
from tests.scripted_service import ScriptedService, effect, film_service, result_of, sound
from tests.timelines import time_range

pytestmark = pytest.mark.slow

RATE, SECONDS, START = F(25), 12, 90_000
STARTS = (1.0, 3.0, 5.0, 8.0)


def sound_bytes(folder: Path, samples: np.ndarray) -> bytes:
    return wav(folder / "sound.wav", samples).read_bytes()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedService]:
    folder = tmp_path_factory.mktemp("sounds")
    random = np.random.default_rng(5)
    with film_service(result_of()) as found:
        effects = []
        for number, start in enumerate(STARTS):
            first, second, third = (10 * number + n for n in (11, 12, 13))
            cue = effect(
                found.url, first, start=f"00:00:{start:06.3f}", end=f"00:00:{start + 1:06.3f}", title="Hit"
            )
            items = cue["sound_effect_items"]
            items += [dict(items[0], id=n, url=f"{found.url}/items/{n}", price=4.5) for n in (second, third)]
            for item, title in zip(items, ("Hit", "Door", "Knock"), strict=True):
                item["title"] = f"{title} {number}"
                length, level = (0.4, 0.1) if title == "Hit" else (0.7, 0.3)
                burst = (
                    random.normal(0, level, (round(length * 48_000), 2))
                    * np.linspace(1, 0, round(length * 48_000))[:, None]
                )
                found.files[f"/items/{item['id']}"] = sound(sound_bytes(folder, burst))
            effects.append(cue)
        musics = []
        for number, tempo in ((7, 120), (8, 100)):
            found.files[f"/items/{number}"] = sound(sound_bytes(folder, tune(tempo, seconds=8).sound))
            musics.append(
                {
                    "id": number,
                    "price": 10.0,
                    "url": f"{found.url}/items/{number}",
                    "title": f"Piece {number}",
                }
            )
        found.result = result_of(*effects, musics=musics)
        yield found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, service: ScriptedService) -> Path:
    """A folder with a cut, scored; the tests work on copies of it."""
    folder = tmp_path_factory.mktemp("cut")
    noise = np.random.default_rng(1).normal(0, 0.01, (SECONDS * 48_000, 2))
    movie(folder / "a.mp4", SECONDS * 25, RATE, sound=noise)
    shot = otio.schema.Clip(
        "shot",
        otio.schema.ExternalReference("a.mp4", time_range(0, SECONDS * 25, RATE)),
        time_range(0, SECONDS * 25, RATE),
    )
    cut = otio.schema.Timeline("cut", global_start_time=otio.opentime.RationalTime(START, 25))
    cut.tracks.extend(
        [otio.schema.Track("V1", [shot]), otio.schema.Track("A1", [shot.deepcopy()], kind="Audio")]
    )
    (folder / "cut.otio").write_text(cut.to_json_string())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVM_TOKEN", "sesame-1234567890")
        patch.setenv("AVM_CONFIG_DIR", str(tmp_path_factory.mktemp("config")))
        patch.chdir(folder)
        assert (
            run(
                ["score", "cut.otio", "-o", "out.otio", "--service", service.url, "--alternatives", "1", "-q"]
            )
            == 0
        )
    return folder


@pytest.fixture
def here(made: Path, service: ScriptedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return work_in(made, tmp_path / "work", service, monkeypatch)


def job_in(folder: Path) -> Path:
    (journal,) = folder.glob("cut.avm/*/job.json")
    return journal.parent


def clips(path: Path) -> dict[tuple[str, int], list[tuple[str, Clip]]]:
    """What lies on our tracks, by cue and rank, each with its track."""
    found: dict[tuple[str, int], list[tuple[str, Clip]]] = {}
    for track in reading.read(path).timeline.tracks:
        for clip in track.clips if track.is_ours else ():
            assert clip.offer is not None
            where = "music" if clip.stem is Stem.MUSIC else f"effects at {clip.offer.film_start_us}"
            found.setdefault((where, clip.alternative), []).append((track.name, clip))
    return found


def bare(placed: list[tuple[str, Clip]]) -> list[Any]:
    return [
        (track, c.start, c.end, c.media and c.media.path, c.media_in, c.mix, c.enabled, c.offer)
        for track, c in placed
    ]


def changed(before: dict[Any, Any], after: dict[Any, Any]) -> set[str]:
    return {
        cue
        for cue, rank in before.keys() | after.keys()
        if bare(before.get((cue, rank), [])) != bare(after.get((cue, rank), []))
    }


def events_of(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert run([*arguments, "--json"]) == code
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_list_names_every_cue_and_what_it_offers(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    *cues, done = events_of(capsys, "choose", "out.otio", "--list")
    assert [cue["number"] for cue in cues] == [1, 2, 3, 4, 5]
    assert [cue["cue"] for cue in cues] == ["music 1", "effects 1", "effects 2", "effects 3", "effects 4"]
    assert [cue["timecode"] for cue in cues][1:] == [
        "01:00:01:00",
        "01:00:03:00",
        "01:00:05:00",
        "01:00:08:00",
    ]
    second = cues[2]["items"]
    assert [item["id"] for item in second] == [21, 22, 23]
    assert [item["is_heard"] for item in second] == [True, False, False]
    assert [item["is_here"] for item in second] == [True, True, False]
    assert [item["license"] for item in second] == ["to buy"] * 3
    assert second[1]["length_s"] == 0.7
    assert done["total_price"] == "20.0"
    assert run(["choose", "out.otio"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["CUE", "AT", "ITEM", "TITLE"]
    assert sum("▸" in line for line in lines) == 5


def test_a_choice_is_in_the_job_at_once_and_the_timeline_is_not_touched(
    here: Path, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    was = (here / "out.otio").read_bytes()
    cue, done = events_of(
        capsys, "choose", "out.otio", "--cue", "3", "--item", "22", "--gain", "-3", "--nudge", "4f"
    )
    assert (cue["item"], cue["gain_db"], cue["nudge_frames"]) == (22, -3.0, 4)
    assert (done["total_price"], done["total_price_before"], done["is_written"]) == ("22.0", "20.0", False)
    assert (here / "out.otio").read_bytes() == was
    assert service.asked == []
    kept = json.loads((job_in(here) / "choices.json").read_text())
    assert kept["cues"] == {
        "effects 2": {"start_us": 3_000_000, "item": 22, "gain_db": -3.0, "nudge_frames": 4}
    }
    assert any(
        json.loads(line).get("event") == "chosen"
        for line in (job_in(here) / "log.jsonl").read_text().splitlines()
    )


@pytest.mark.parametrize(
    ("says", "message"),
    [
        (["--cue", "9", "--gain", "1"], "There is no cue 9"),
        (["--cue", "3", "--item", "11"], "has no item 11"),
        (["--cue", "3", "--item", "Door 9"], "Did you mean Door 1?"),
        (["--cue", "1", "--nudge", "4f"], "is not nudged"),
        (["--cue", "3", "--gain", "99"], "cannot be 99 dB louder"),
        (["--cue", "3", "--nudge", "a"], "no number of frames"),
        (["--gain", "1"], "Which cue?"),
        (["--overwrite"], "goes with --update"),
    ],
)
def test_what_cannot_be_chosen_is_refused_and_nothing_is_kept(
    here: Path, says: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["choose", "out.otio", *says]) == 2
    assert message in capsys.readouterr().err
    assert not (job_in(here) / "choices.json").exists()


def test_an_update_changes_the_chosen_cue_alone(here: Path, service: ScriptedService) -> None:
    before = clips(here / "out.otio")
    assert (
        run(["choose", "out.otio", "--cue", "3", "--item", "Door 1", "--gain", "-3", "--nudge", "4f", "-q"])
        == 0
    )
    assert run(["choose", "out.otio", "--update", "-q"]) == 0
    after = clips(here / "out.otio")
    assert changed(before, after) == {"effects at 3000000"}
    (_, was), (_, spare) = before["effects at 3000000", 0][0], before["effects at 3000000", 1][0]
    (_, now), (_, other) = after["effects at 3000000", 0][0], after["effects at 3000000", 1][0]
    assert (now.media and now.media.path) == (spare.media and spare.media.path)
    assert (other.media and other.media.path) == (was.media and was.media.path)
    assert now.start == spare.start + 4 / RATE
    assert round(now.mix.gain_db - spare.mix.gain_db, 3) == -3.0
    assert service.asked == []  # all was here: nothing is sent


def test_what_is_not_here_is_fetched_and_nothing_is_paid(here: Path, service: ScriptedService) -> None:
    assert run(["choose", "out.otio", "--cue", "5", "--item", "43", "--update", "-q"]) == 0
    assert service.calls("POST") == []
    (_, clip), *_ = clips(here / "out.otio")["effects at 8000000", 0]
    assert clip.media is not None
    assert clip.media.path.endswith("43%20Knock%203.wav")


def test_another_piece_of_music_is_fitted_and_levelled_like_the_first(here: Path) -> None:
    before = clips(here / "out.otio")
    assert run(["choose", "out.otio", "--cue", "1", "--item", "8", "--update", "-q"]) == 0
    after = clips(here / "out.otio")
    assert changed(before, after) == {"music"}
    alternative = [(c.start, c.end, c.media_in, c.mix) for _, c in before["music", 1]]
    chosen = [(c.start, c.end, c.media_in, c.mix) for _, c in after["music", 0]]
    assert chosen == alternative  # as it was laid beside it, switched off
    assert after["music", 0][-1][1].end == F(SECONDS)


def test_a_cue_that_is_left_out_and_taken_back_is_as_it_was(here: Path) -> None:
    was, before = (here / "out.otio").read_bytes(), clips(here / "out.otio")
    assert run(["choose", "out.otio", "--cue", "2", "--leave-out", "--update", "-q"]) == 0
    after = clips(here / "out.otio")
    assert changed(before, after) == {"effects at 1000000"}
    assert ("effects at 1000000", 0) not in after
    assert avm_otio.offered(here / "out.otio").total.price == F("17.5")
    assert run(["choose", "out.otio", "--cue", "2", "--keep", "--update", "-q"]) == 0
    assert (here / "out.otio").read_bytes() == was


def test_a_note_stands_in_the_marker_of_the_cue(here: Path) -> None:
    assert run(["choose", "out.otio", "--cue", "3", "--note", "ask <Mei>", "--update", "-q"]) == 0
    (_, clip), *_ = clips(here / "out.otio")["effects at 3000000", 0]
    assert clip.markers[0].comment.endswith("; ask <Mei>")


def test_gains_and_the_mix_of_a_kind(here: Path) -> None:
    before = clips(here / "out.otio")
    assert run(["choose", "out.otio", "--effects-gain", "-2", "--update", "-q"]) == 0
    after = clips(here / "out.otio")
    assert changed(before, after) == {f"effects at {round(at * 1e6)}" for at in STARTS}
    for at in STARTS:
        key = (f"effects at {round(at * 1e6)}", 0)
        assert round(after[key][0][1].mix.gain_db - before[key][0][1].mix.gain_db, 3) == -2.0


def test_choices_hold_for_every_output_of_the_job(here: Path, service: ScriptedService) -> None:
    before = avm_otio.choose(here / "out.otio", 3, item=22)
    assert [cue.heard.item.id for cue in before.cues if cue.heard] == [7, 11, 22, 31, 41]
    assert run(["score", "cut.otio", "-o", "other.otio", "--service", service.url, "-q"]) == 0
    (_, clip), *_ = clips(here / "other.otio")["effects at 3000000", 0]
    assert clip.name == "Door 1"
    assert service.calls("POST") == []


def test_a_score_that_was_done_before_is_done_again_once_something_is_chosen(
    here: Path, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    again = ("score", "cut.otio", "-o", "out.otio", "--service", service.url, "--alternatives", "1")
    avm_otio.choose(here / "out.otio", 3, item=22)
    assert events_of(capsys, *again)[-1]["recalled"] is False
    assert events_of(capsys, *again)[-1]["recalled"] is True


def by_hand(output: Path, change: Callable[[Clip], Clip | None], *, editor: str | None = None) -> None:
    """What an editor does: read a file, change clips of it, write it again."""
    opened = reading.read(output, rate=RATE)
    tracks = tuple(
        replace(
            track, clips=tuple(made for clip in track.clips if (made := change(clip)) is not None), raw=None
        )
        for track in opened.timeline.tracks
    )
    theirs = replace(opened, timeline=replace(opened.timeline, tracks=tracks), path=output.parent / "none")
    deliver(theirs, Request(output=output, editor=editor))


def moved(clip: Clip) -> Clip:
    """Ten frames later, and softer."""
    by = F(10) / RATE
    start, end = RecordTime(clip.start + by), RecordTime(clip.end + by)
    return replace(clip, start=start, end=end, laid=None, mix=replace(clip.mix, gain_db=-20.0), raw=None)


def test_a_timeline_that_somebody_changed_keeps_that(here: Path) -> None:
    before = clips(here / "out.otio")
    by_hand(here / "out.otio", lambda clip: moved(clip) if clip.name.startswith("Hit 2") else clip)
    theirs = clips(here / "out.otio")
    assert changed(before, theirs) == {"effects at 5000000"}
    assert run(["choose", "out.otio", "--cue", "3", "--item", "22", "--update", "-q"]) == 0
    after = clips(here / "out.otio")
    assert changed(theirs, after) == {"effects at 3000000"}
    assert after["effects at 3000000", 0][0][1].name == "Door 1"
    assert run(["choose", "out.otio", "--reset", "--update", "-q"]) == 0
    assert changed(theirs, clips(here / "out.otio")) == set()


def test_a_chosen_cue_that_somebody_changed_is_asked_about(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_hand(here / "out.otio", lambda clip: moved(clip) if clip.name.startswith(("Hit 1", "Hit 2")) else clip)
    theirs = (here / "out.otio").read_bytes()
    before = clips(here / "out.otio")
    assert run(["choose", "out.otio", "--cue", "3", "--item", "22", "--update"]) == 3
    refused = capsys.readouterr().err
    assert "effects 2 at 01:00:03:00" in refused
    assert "--overwrite" in refused
    assert (here / "out.otio").read_bytes() == theirs
    assert run(["choose", "out.otio", "--update", "--overwrite", "-q"]) == 0
    after = clips(here / "out.otio")
    assert changed(before, after) == {"effects at 3000000"}
    assert [clip.name for _, clip in after["effects at 3000000", 0]] == ["Door 1"]


def test_what_somebody_took_out_or_cut_counts_as_changed(here: Path) -> None:
    by_hand(here / "out.otio", lambda clip: None if clip.name.startswith("Hit 1") else clip)
    assert run(["choose", "out.otio", "--cue", "2", "--gain", "-2", "--update", "-q"]) == 0
    assert not any("Hit 1" in clip.name for placed in clips(here / "out.otio").values() for _, clip in placed)
    assert run(["choose", "out.otio", "--cue", "3", "--gain", "-2", "--update"]) == 3


@pytest.mark.parametrize("suffix", [".aaf", ".rpp", ".edl"])
def test_what_is_only_written_whole_is_not_written_over_once_it_was_changed(
    here: Path, service: ScriptedService, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = here / f"for them{suffix}"
    assert run(["score", "cut.otio", "-o", str(output), "--service", service.url, "-q"]) == 0
    changed_file = max(here.glob(f"for them*{suffix}"))  # of several the last: each counts
    theirs = changed_file.read_bytes() + b"\n"
    changed_file.write_bytes(theirs)
    assert run(["choose", str(output), "--cue", "3", "--item", "22", "--update"]) == 3
    assert "--overwrite" in capsys.readouterr().err
    assert changed_file.read_bytes() == theirs
    assert run(["choose", str(output), "--update", "--overwrite", "-q"]) == 0
    assert changed_file.read_bytes() != theirs


def test_a_file_that_cannot_be_read_again_is_not_written_over(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "out.otio").write_text("{}")
    assert run(["choose", "out.otio", "--cue", "3", "--item", "22", "--update"]) == 3
    assert "was changed since it was written" in capsys.readouterr().err
    assert (here / "out.otio").read_text() == "{}"
    assert run(["choose", "out.otio", "--update", "--overwrite", "-q"]) == 0
    assert len(clips(here / "out.otio")) > 4


def test_a_cut_that_changed_is_not_laid_on(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut = otio.schema.Timeline.from_json_file(str(here / "cut.otio"))
    clip = next(iter(cut.find_clips()))
    clip.source_range = time_range(10, 200, RATE)
    (here / "cut.otio").write_text(cut.to_json_string())
    was = (here / "out.otio").read_bytes()
    assert run(["choose", "out.otio", "--cue", "3", "--item", "22", "--update"]) == 3
    assert "Score it again" in capsys.readouterr().err
    assert (here / "out.otio").read_bytes() == was


def test_a_job_is_named_by_its_key_and_a_stranger_by_nothing(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = read_journal(job_in(here)).key
    assert run(["choose", key[:6], "--cue", "3", "--item", "22", "-q"]) == 0
    assert run(["choose", "cut.otio", "--list"]) == 0  # the cut that was scored names its job, too
    (here / "other.otio").write_text(otio.schema.Timeline("other").to_json_string())
    assert run(["choose", "other.otio"]) == 3
    assert "No job that wrote" in capsys.readouterr().err


def choosing(job: Path, service_name: str, numbers: range) -> None:
    for number in numbers:

        def decide(now: Any, number: int = number) -> Any:
            return choices.Choices.parse(
                {"cues": {**now.as_dict()["cues"], f"{service_name} {number}": {"note": "x"}}}, ""
            )

        choices.change(job, decide)


def test_two_writers_lose_nothing_of_each_other(here: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    job = job_in(here)
    other = spawn.Process(target=choosing, args=(job, "effects", range(30)))
    other.start()
    choosing(job, "music", range(30))
    other.join(60)
    found = choices.kept(job)
    assert (len(found.choices.cues), found.revision) == (60, 60)


def test_a_choice_waits_for_no_run(here: Path) -> None:
    with hold(job_in(here)):
        avm_otio.choose(here / "out.otio", 3, gain_db=-1.0)
    assert choices.kept(job_in(here)).choices.cues["effects 2"].gain_db == -1.0


def test_what_a_killed_writer_leaves_is_the_last_choice(here: Path) -> None:
    avm_otio.choose(here / "out.otio", 3, gain_db=-1.0)
    job = job_in(here)
    whole = (job / "choices.json").read_text()

    def killed(now: choices.Choices) -> choices.Choices:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        choices.change(job, killed)
    assert (job / "choices.json").read_text() == whole
    (job / ".half.json").write_text(whole[:20])
    assert choices.kept(job).choices.cues["effects 2"].gain_db == -1.0


def choosing_until_killed(job: Path, told: Any) -> None:
    for number in range(1, 10_000):
        choosing(job, "effects", range(number, number + 1))
        told.send(number)


def test_killed_at_any_moment_the_last_choice_is_there(here: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    job = job_in(here)
    for rounds in (1, 7):
        ours, theirs = spawn.Pipe(duplex=False)
        writer = spawn.Process(target=choosing_until_killed, args=(job, theirs))
        writer.start()
        last = 0
        for _ in range(rounds):
            last = ours.recv()
        writer.kill()  # in the midst of the next
        writer.join(60)
        theirs.close()
        while ours.poll():
            try:
                last = ours.recv()
            except EOFError:
                break
        kept = choices.kept(job).choices.cues
        assert {f"effects {number}" for number in range(1, last + 1)} <= kept.keys()
        avm_otio.choose(here / "out.otio", 3, note="nobody holds it up")


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d["cues"]["effects 2"].update(gain_db="loud"),
        lambda d: d["cues"]["effects 2"].update(gain_db=1e9),
        lambda d: d["cues"]["effects 2"].update(item=True),
        lambda d: d["cues"].update(x=[]),
        lambda d: d.update(cues=[]),
        lambda d: d.update(mix="louder"),
        lambda d: d.update(version=99),
        lambda d: d.update(format="x"),
    ],
)
def test_damaged_choices_are_said_and_never_guessed(here: Path, damage: Callable[[Any], None]) -> None:
    avm_otio.choose(here / "out.otio", 3, item=22)
    path = job_in(here) / "choices.json"
    document = json.loads(path.read_text())
    damage(document)
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"choices\.json"):
        avm_otio.offered(here / "out.otio")
    assert run(["choose", "out.otio", "--update"]) == 3


def test_a_note_too_long_is_refused(here: Path) -> None:
    with pytest.raises(UsageError, match="letters"):
        avm_otio.choose(here / "out.otio", 3, note="x" * 3000)


DIALECTS: list[tuple[str, Any, tuple[str, ...]]] = [
    (".xml", fcp7, ()),
    (".fcpxml", fcpxml, ()),
    (".aaf", aaf, ()),
    (".rpp", reaper, ()),
    (".kdenlive", kdenlive, ()),
    (".edl", edl, ()),
    (".txt", protools, ()),
    (".otio", plain_otio, ()),
    (".otio", resolve_otio, ("--for", "resolve")),
    (".otio", premiere_otio, ("--for", "premiere")),
]

READ_AGAIN = (".xml", ".fcpxml", ".otio")
"""What can be read again, so that what somebody did in it is kept."""


@pytest.mark.parametrize(
    ("suffix", "reader", "more"),
    DIALECTS,
    ids=[f"{suffix} {' '.join(more)}".strip() for suffix, _, more in DIALECTS],
)
def test_in_every_dialect_a_stranger_finds_the_chosen_cue_changed_alone(
    here: Path, service: ScriptedService, suffix: str, reader: Any, more: tuple[str, ...]
) -> None:
    output = here / f"for them{suffix}"
    assert run(["score", "cut.otio", "-o", str(output), "--service", service.url, "-q", *more]) == 0
    ours = files_of(reading.read(here / "out.otio").timeline)
    known = defaultdict(
        lambda: ours["Hit 0"], {**ours, "a": replace(ours["shot"], streams=((1, 2),))}
    )  # some call a clip by its file

    def found() -> Counter[Any]:
        paths = sorted(here.glob(f"for them*{suffix}"))
        return Counter(
            (
                event.name,
                event.channel,
                event.start,
                event.end,
                event.used,
                event.level and round(event.level(F(0)), 2),
            )
            for event in reader(paths, RATE, known).events
        )

    before = found()
    assert before
    by_them = set()
    if suffix in READ_AGAIN:
        editor = more[1] if more else None
        by_hand(output, lambda clip: moved(clip) if clip.name.startswith("Hit 2") else clip, editor=editor)
        theirs = found()
        by_them = {event[0] for event in (before - theirs) + (theirs - before)}
        assert by_them
        assert all("Hit 2" in name for name in by_them)
        before = theirs
    assert run(["choose", str(output), "--cue", "3", "--item", "22", "--gain", "-3", "--update", "-q"]) == 0
    after = found()
    names = {event[0] for event in (before - after) + (after - before)}
    assert any("Door 1" in name for name in names)
    assert [name for name in names if "Door 1" not in name and "Hit 1" not in name] == []

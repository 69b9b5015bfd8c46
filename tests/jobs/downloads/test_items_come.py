"""The items of an answer come into the job's folder whole, each once; later the journal alone knows them."""

from __future__ import annotations

import hashlib
import os
import threading
from fractions import Fraction as F
from http.server import BaseHTTPRequestHandler

import pytest

from avm_otio.errors import OutputError
from avm_otio.jobs.downloads import MOST_AT_ONCE, is_here, sounds_in, wanted
from avm_otio.jobs.journal import Kept
from avm_otio.mix.answers import read_cues
from avm_otio.services import DENOISE, EFFECTS, MUSIC
from tests.jobs.downloads.hosting import BED, BOOM, SLAM, Heard, Host, Run, answer, item
from tests.loopback_http import raw
from tests.media.ranges import ranged


def test_what_is_wanted_is_each_item_once_the_chosen_ones_first(host: Host) -> None:
    boom, slam, clap = (item(host, number, f"/{number}") for number in (7, 8, 9))
    cues = read_cues(
        answer(
            [item(host, 1), item(host, 2), item(host, 3)],
            [[boom, slam, clap], [slam, boom]],
            [item(host, 7)] * 2,
        )
    )
    assert list(wanted(cues, 0)) == ["music 1", "effect 7", "effect 8", "dialogue 7"]
    assert list(wanted(cues, 1)) == ["music 1", "effect 7", "effect 8", "dialogue 7", "music 2"]
    assert list(wanted(cues, 2)) == [*wanted(cues, 1), "music 3", "effect 9"]


def test_every_item_comes_measured_and_is_told_of(host: Host, run: Run) -> None:
    host["/1"], host["/7"], host["/8"] = ranged(BED), ranged(BOOM), ranged(SLAM)
    cues = read_cues(
        answer([item(host, 1, "/1", "Bed")], [[item(host, 7, "/7"), item(host, 8, "/8", "Slam")]])
    )
    assert run(cues, 1) == {"music 1": BED, "effect 7": BOOM, "effect 8": SLAM}
    slam = run.kept["effect 8"]
    assert (slam.file, slam.size_bytes) == ("8 Slam.wav", len(SLAM))
    assert slam.sha256 == hashlib.sha256(SLAM).hexdigest()
    assert (slam.samples, slam.sample_rate_hz, slam.channels) == (9600, 48_000, 1)
    assert sorted(path.name for path in run.folder.iterdir()) == ["1 Bed.wav", "7 Boom.wav", "8 Slam.wav"]
    assert run.heard.steps == ["Downloading"]
    assert run.heard.progress == [(1, 3), (2, 3), (3, 3)]
    assert {name for name, _ in run.heard.events} == {"item_downloaded"}
    paths = {fields["id"]: fields["path"] for _, fields in run.heard.events}
    assert paths == {
        1: str(run.folder / "1 Bed.wav"),
        7: str(run.folder / "7 Boom.wav"),
        8: str(run.folder / "8 Slam.wav"),
    }


def test_the_journal_alone_says_what_lies_on_the_timeline(host: Host, run: Run) -> None:
    host["/1"], host["/7"], host["/8"] = ranged(BED), ranged(BOOM), raw(404, b"")
    cues = read_cues(answer([item(host, 1, "/1")], [[item(host, 7, "/7"), item(host, 8, "/8")]]))
    run(cues, 1)
    (run.folder / run.kept["music 1"].file).unlink()
    sound_of = sounds_in(cues, run.folder, run.kept, lambda path: f"file://{path.name}")
    bed = sound_of(cues.by_service[MUSIC][0].items[0])
    assert (bed.url, bed.duration, bed.sample_rate_hz) == ("file://1 Boom.wav", F(3, 10), 44_100)
    boom = sound_of(cues.by_service[EFFECTS][0].items[0])
    assert (boom.duration, boom.sample_rate_hz) == (F(1, 10), 48_000)
    with pytest.raises(LookupError):
        sound_of(cues.by_service[EFFECTS][0].items[1])


def test_what_is_here_is_not_fetched_again(host: Host, run: Run) -> None:
    host["/7"] = ranged(BOOM)
    cues = read_cues(answer(effects=[[item(host, 7, "/7")]]))
    run(cues)
    run.heard = Heard()
    assert run(cues) == {"effect 7": BOOM}
    assert len(host.asked["/7"]) == 1
    assert run.heard.steps == []


@pytest.mark.parametrize("harm", ["rot", "cut short", "gone", "another's"])
def test_a_file_that_is_not_as_it_was_kept_is_fetched_again(host: Host, run: Run, harm: str) -> None:
    host["/7"] = ranged(BOOM)
    cues = read_cues(answer(effects=[[item(host, 7, "/7")]]))
    run(cues)
    file = run.folder / run.kept["effect 7"].file
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes({"rot": BOOM[:-1] + b"\1", "cut short": BOOM[:-1], "another's": SLAM}[harm])
        os.utime(file, ns=(0, 0))
    assert not is_here(run.folder, run.kept["effect 7"])
    assert run(cues) == {"effect 7": BOOM}


def test_a_file_of_another_time_but_the_same_bytes_is_here(host: Host, run: Run) -> None:
    host["/7"] = ranged(BOOM)
    run(read_cues(answer(effects=[[item(host, 7, "/7")]])))
    os.utime(run.folder / "7 Boom.wav", ns=(0, 0))  # as after copying the job to another machine
    assert is_here(run.folder, run.kept["effect 7"])


def test_items_of_one_id_and_title_but_of_two_kinds_have_files_of_their_own(host: Host, run: Run) -> None:
    host["/m"], host["/e"], host["/d"] = ranged(BED), ranged(BOOM), ranged(SLAM)
    cues = read_cues(answer([item(host, 7, "/m")], [[item(host, 7, "/e")]], [item(host, 7, "/d")]))
    assert run(cues) == {"music 7": BED, "effect 7": BOOM, "dialogue 7": SLAM}
    sound_of = sounds_in(cues, run.folder, run.kept, lambda path: path.name)
    assert sound_of(cues.by_service[MUSIC][0].items[0]).sample_rate_hz == 44_100
    assert sound_of(cues.by_service[DENOISE][0].items[0]).channels == 1


def test_a_few_come_at_a_time_and_no_more(host: Host, run: Run) -> None:
    under_way, most, lock = 0, 0, threading.Lock()
    full = threading.Event()

    def counted(handler: BaseHTTPRequestHandler) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
            if most == MOST_AT_ONCE:
                full.set()
        full.wait(5)
        with lock:
            under_way -= 1
        ranged(BOOM)(handler)

    effects = []
    for number in range(3 * MOST_AT_ONCE):
        host[f"/{number}"] = counted
        effects.append([item(host, number, f"/{number}")])
    assert len(run(read_cues(answer(effects=effects)))) == 3 * MOST_AT_ONCE
    assert most == MOST_AT_ONCE


def test_a_journal_that_cannot_be_written_ends_the_run(host: Host, run: Run) -> None:
    def full(name: str, kept: Kept) -> None:
        raise OutputError("The disk is full.")

    host["/7"] = ranged(BOOM)
    with pytest.raises(OutputError):
        run(read_cues(answer(effects=[[item(host, 7, "/7")]])), keep=full)

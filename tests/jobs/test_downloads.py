"""The items of an answer come into the job's folder whole, each once; later the journal alone knows them."""

from __future__ import annotations

import hashlib
import os
import struct
import threading
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction as F
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from avm_otio.config.folders import default_cache_dir
from avm_otio.errors import DownloadError, LinkExpiredError, NetworkError, OutputError
from avm_otio.jobs.downloads import MOST_AT_ONCE, download, is_here, sounds_in, wanted
from avm_otio.jobs.journal import Kept
from avm_otio.mix.answers import read_cues
from avm_otio.mix.cues import Cues
from avm_otio.services import DENOISE, EFFECTS, MUSIC
from tests.delivery.test_sound_files import Listening
from tests.loopback_http import Reply, listening, raw, redirect, reset
from tests.media.ranges import ranged
from tests.scripted_service import wav

BOOM, SLAM, BED = wav(0.1), wav(0.2, channels=1), wav(0.3, rate_hz=44_100)


class Heard(Listening):
    """A report that remembers events, too, and which thread told."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[str, dict[str, object]]] = []

    def event(self, name: str, /, **fields: object) -> None:
        assert threading.current_thread() is threading.main_thread()
        self.events.append((name, fields))


class Host:
    """A server with a reply for each path; replies of a path are used up in order, the last one stays."""

    def __init__(self) -> None:
        self.url = ""
        self.replies: dict[str, list[Reply]] = {}
        self.asked: dict[str, list[dict[str, str]]] = defaultdict(list)

    def __setitem__(self, path: str, replies: Reply | list[Reply]) -> None:
        self.replies[path] = replies if isinstance(replies, list) else [replies]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked[handler.path].append({name.lower(): value for name, value in handler.headers.items()})
        replies = self.replies.get(handler.path) or [raw(404, b"")]
        (replies.pop(0) if len(replies) > 1 else replies[0])(handler)


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            made.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with listening(Handler) as made.url:
        yield made


class Run:
    """A job's media folder and journal, and runs that download into it."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host = host
        self.folder = folder
        self.kept: dict[str, Kept] = {}
        self.heard = Heard()
        self.asked_afresh = 0
        self.offered: object = {"id": 1}
        self.lost: dict[str, str] = {}

    def fresh(self) -> Cues:
        self.asked_afresh += 1
        if isinstance(self.offered, Exception):
            raise self.offered
        return read_cues(self.offered)

    def keep(self, name: str, kept: Kept) -> None:
        assert threading.current_thread() is threading.main_thread()
        assert is_here(self.folder, kept)
        self.kept[name] = Kept.model_validate(kept.model_dump())

    def __call__(self, cues: Cues, alternatives: int = 0, **instead: Any) -> dict[str, bytes]:
        """Download, and say what every item that is kept holds."""
        given: dict[str, Any] = {"keep": self.keep, "fresh": self.fresh, "report": self.heard} | instead
        self.lost = download(
            cues, alternatives, self.folder, dict(self.kept), service_url=self.host.url, **given
        )
        return {name: (self.folder / kept.file).read_bytes() for name, kept in self.kept.items()}


@pytest.fixture
def run(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("avm_otio.retry.Retrying.delay_s", lambda *_: 0.0)
    return Run(host, tmp_path / "media")


def item(host: Host, number: int, path: str | None = None, title: str = "Boom") -> dict[str, object]:
    return {"id": number, "title": title, "url": None if path is None else host.url + path, "price": 1.0}


def answer(
    music: list[dict[str, object]] | None = None,
    effects: list[list[dict[str, object]]] | None = None,
    dialogue: list[dict[str, object]] | None = None,
) -> dict[str, object]:
    cues = [
        {"start_at": "00:00:01", "end_at": "00:00:02", "sound_effect_items": items} for items in effects or ()
    ]
    return {"recommended_musics": music or [], "sound_effects": cues, "noise_reduce_audios": dialogue or []}


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


# What cannot be had


def test_addresses_that_have_expired_are_asked_for_afresh_once_for_all(host: Host, run: Run) -> None:
    for number in (1, 7, 8):
        host[f"/{number}?old"], host[f"/{number}?new"] = raw(403, b"expired"), ranged(BOOM)
    old, new = ([item(host, number, f"/{number}?{age}") for number in (1, 7, 8)] for age in ("old", "new"))
    run.offered = {"id": 3} | answer(new[:1], [[item(host, 99), new[2]], [new[1]]])  # in another order
    cues = read_cues(answer(old[:1], [[old[1], old[2]]]))
    assert run(cues, 1) == {"music 1": BOOM, "effect 7": BOOM, "effect 8": BOOM}
    assert run.asked_afresh == 1
    assert run.heard.progress[-1] == (3, 3)


def test_a_part_is_gone_on_with_behind_the_fresh_address(host: Host, run: Run) -> None:
    host["/7?old"], host["/7?new"] = [ranged(BOOM, cut=5000), raw(410, b"")], ranged(BOOM)
    run.offered = answer(effects=[[item(host, 7, "/7?new")]])
    assert run(read_cues(answer(effects=[[item(host, 7, "/7?old")]]))) == {"effect 7": BOOM}
    assert host.asked["/7?new"][0]["range"] == "bytes=5000-"


def test_so_are_items_whose_server_is_gone_or_that_came_without_an_address(host: Host, run: Run) -> None:
    host["/1"] = host["/7"] = ranged(BOOM)
    run.offered = answer([item(host, 1, "/1")], [[item(host, 7, "/7")]])
    nobody = item(host, 7, "/7") | {"url": "http://127.0.0.1:9/7"}
    assert len(run(read_cues(answer([item(host, 1, None)], [[nobody]])))) == 2
    assert run.asked_afresh == 1


def test_an_address_that_is_expired_afresh_is_not_asked_for_without_end(host: Host, run: Run) -> None:
    run.offered = answer(effects=[[item(host, 7, "/new")]])
    with pytest.raises(LinkExpiredError, match="7 Boom"):
        run(read_cues(answer(effects=[[item(host, 7, "/old")]])))
    assert (run.asked_afresh, len(host.asked["/new"])) == (1, 1)


@pytest.mark.parametrize(
    ("offered", "hint"),
    [
        (NetworkError("GET /film/3/: no answer.", "Look at the network."), "no fresh address: GET /film/3/"),
        ({"id": 3}, "has it no longer"),
    ],
)
def test_where_there_is_no_fresh_address_it_says_why(
    host: Host, run: Run, offered: object, hint: str
) -> None:
    run.offered = offered
    cues = read_cues(answer(effects=[[item(host, 7, "/7")], [item(host, 8, "/8")]]))
    with pytest.raises(LinkExpiredError) as caught:
        run(cues)
    assert hint in caught.value.hint
    assert run.asked_afresh == 1


def test_a_chosen_item_that_cannot_be_had_today_ends_the_run_and_the_others_are_kept(
    host: Host, run: Run
) -> None:
    failed = threading.Event()

    def refuse(handler: BaseHTTPRequestHandler) -> None:
        raw(503, b"")(handler)
        failed.set()

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        failed.wait(5)
        ranged(BOOM)(handler)

    host["/0"] = refuse
    effects = [[item(host, 0, "/0")]]
    for number in range(1, 30):
        host[f"/{number}"] = slowly
        effects.append([item(host, number, f"/{number}")])
    cues = read_cues(answer(effects=effects))
    with pytest.raises(DownloadError, match="0 Boom: 127"):
        run(cues)
    begun = len(host.asked) - 1
    assert MOST_AT_ONCE - 1 <= begun < 29
    assert len(run.kept) == begun
    host["/0"] = ranged(BOOM)
    assert len(run(cues)) == 30
    assert all(len(asked) == 1 for path, asked in host.asked.items() if path != "/0")


def test_a_spare_one_that_cannot_be_had_is_told_of_and_leaves_nothing(host: Host, run: Run) -> None:
    host["/7"], host["/8"], host["/9"] = (
        ranged(BOOM),
        ranged(SLAM, cut=3000),
        ranged(b"RIFF....WAVE" + b"x" * 2000),
    )
    spare = [item(host, number, f"/{number}") for number in (7, 8, 9)]
    host["/8"] = [ranged(SLAM, cut=3000), raw(500, b"")]
    assert run(read_cues(answer(effects=[spare])), 2) == {"effect 7": BOOM}
    assert sorted(warning.split(":")[0] for warning in run.heard.warned) == ["Alternative left out"] * 2
    assert [path.name for path in run.folder.iterdir()] == ["7 Boom.wav"]
    assert run.heard.progress[-1] == (3, 3)


@pytest.mark.parametrize(
    "what", [b"RIFF\0\0\0\0WAVEfmt " + bytes(range(256)) * 60, bytes(range(200, 256)) * 300]
)
def test_what_has_the_right_length_but_does_not_play_is_not_kept(host: Host, run: Run, what: bytes) -> None:
    host["/7"] = [raw(200, what), ranged(BOOM)]
    cues = read_cues(answer(effects=[[item(host, 7, "/7")]]))
    with pytest.raises(DownloadError, match="does not play"):
        run(cues)
    assert list(run.folder.iterdir()) == []
    assert run(cues) == {"effect 7": BOOM}


def test_a_journal_that_cannot_be_written_ends_the_run(host: Host, run: Run) -> None:
    def full(name: str, kept: Kept) -> None:
        raise OutputError("The disk is full.")

    host["/7"] = ranged(BOOM)
    with pytest.raises(OutputError):
        run(read_cues(answer(effects=[[item(host, 7, "/7")]])), keep=full)


def headed(channels: int, bits: int, rate_hz: int = 48_000) -> bytes:
    """A WAV file whose header says so."""
    held = bytearray(BOOM)
    struct.pack_into("<HIIHH", held, 22, channels, rate_hz, rate_hz * 4, 4, bits)
    return bytes(held)


BAD_URLS = [
    "http://no host/x",
    "http://-/x",
    "http://[::1",
    "http://" + "a" * 70 + ".example/x",
    "http://xn--/x",
    "http://\u0000/x",
    "http://a..b/x",
    "data:audio/wav,x",
    "http:x",
    "http://x:99999/",
    "//x",
    "x" * 70_000,
]


@pytest.mark.parametrize("bad", BAD_URLS)
@pytest.mark.parametrize("is_redirect", [False, True])
@pytest.mark.parametrize("is_chosen", [False, True])
def test_an_address_that_is_none_is_that_items_fault_alone(
    host: Host, run: Run, bad: str, is_redirect: bool, is_chosen: bool
) -> None:
    if is_redirect and (len(bad) > 60_000 or "\0" in bad):
        pytest.skip("no header takes that")
    host["/7"], host["/bad"] = ranged(BOOM), redirect(bad)
    wrong = item(host, 8, "/bad") | ({} if is_redirect else {"url": bad})
    good = item(host, 7, "/7")
    if is_chosen and is_redirect and bad == "//x":
        with pytest.raises(DownloadError, match="8 Boom"):
            run(read_cues(answer(effects=[[good], [wrong]])))
    elif is_chosen:
        assert run(read_cues(answer(effects=[[good], [wrong]]))) == {"effect 7": BOOM}
    else:
        assert run(read_cues(answer(effects=[[good, wrong]])), 1) == {"effect 7": BOOM}
        assert "Alternative left out: 8 Boom" in run.heard.warned[0]
    if is_redirect and bad == "//x":  # seen from there, the address of a host that may be up tomorrow
        assert run.lost == {}
    else:
        assert list(run.lost) == ["effect 8"]
        assert "8 Boom" in run.lost["effect 8"]


@pytest.mark.parametrize(("channels", "bits"), [(0, 16), (65_535, 16), (2, 0), (0, 0), (2, 65_535)])
def test_a_header_that_makes_no_sense_is_that_items_fault_alone(
    host: Host, run: Run, channels: int, bits: int
) -> None:
    host["/7"], host["/8"] = ranged(BOOM), raw(200, headed(channels, bits))
    cues = read_cues(answer(effects=[[item(host, 7, "/7"), item(host, 8, "/8")]]))
    assert run(cues, 1) == {"effect 7": BOOM}
    assert "Alternative left out: 8 Boom" in run.heard.warned[0]


FOR_GOOD = {
    **{f"{status}": raw(status, b"") for status in (400, 401, 403, 404, 405, 410, 418, 451)},
    "a redirect to nowhere": redirect("data:audio/wav,x"),
    "redirects without end": redirect("/8"),
    "an address inside": redirect("http://10.0.0.1/x"),
    "text": raw(200, b"<html>down</html>", content_type="text/html"),
    "nothing": raw(200, b""),
    "no sound": raw(200, bytes(range(200, 256)) * 300),
    "a header of 0 channels": raw(200, headed(0, 16)),
    "too much": raw(200, BOOM, content_length=str(3 * 2**30)),
    "packed": raw(200, BOOM, content_encoding="gzip"),
}
"""What an item ends in that can never be had."""

TODAY = {
    **{f"{status}": raw(status, b"") for status in (408, 429, 500, 502, 503, 504, 507, 520, 599)},
    "a line that is cut": reset,
    "half of it": ranged(BOOM, cut=3000, etag=None),
}
"""What may pass."""


@pytest.mark.parametrize("fault", FOR_GOOD.values(), ids=FOR_GOOD)
def test_the_next_item_of_a_cue_takes_the_place_of_one_that_can_never_be_had(
    host: Host, run: Run, fault: Reply
) -> None:
    host["/7"], host["/8"], host["/9"] = ranged(BOOM), fault, ranged(SLAM)
    bad, good, other = (item(host, number, f"/{number}") for number in (8, 9, 7))
    run.offered = document = answer(effects=[[bad, good], [other, bad], [bad]])
    cues = read_cues(document)
    assert run(cues) == {"effect 7": BOOM, "effect 9": SLAM}
    assert list(run.lost) == ["effect 8"]
    left = cues.without(run.lost)
    assert [each.id for each in left.chosen] == [9, 7]
    assert [(each.item.id, each.instead and each.instead.id) for each in left.unavailable] == [
        (8, 9),
        (8, None),
    ]
    assert (cues.total.price, left.total.price) == (2, 2)
    assert run(left) == {"effect 7": BOOM, "effect 9": SLAM}
    assert {name for name, _ in run.heard.events} == {"item_downloaded", "item_unavailable"}
    assert run.heard.warned == []
    assert sorted(path.name for path in run.folder.iterdir()) == ["7 Boom.wav", "9 Boom.wav"]


@pytest.mark.parametrize("fault", TODAY.values(), ids=TODAY)
def test_what_may_pass_ends_the_run_and_chooses_nothing_else(host: Host, run: Run, fault: Reply) -> None:
    host["/8"], host["/9"] = fault, ranged(SLAM)
    cues = read_cues(answer(effects=[[item(host, 8, "/8"), item(host, 9, "/9")]]))
    with pytest.raises(DownloadError) as caught:
        run(cues)
    assert caught.value.may_pass
    assert (run.kept, run.lost) == ({}, {})
    host["/8"] = ranged(BOOM)
    assert run(cues) == {"effect 8": BOOM}


@pytest.mark.parametrize("fault", FOR_GOOD.values(), ids=FOR_GOOD)
def test_an_item_is_tried_once_more_where_the_service_says_that_it_lies_now(
    host: Host, run: Run, fault: Reply
) -> None:
    host["/8"], host["/now"] = fault, ranged(BOOM)
    run.offered = answer(effects=[[item(host, 8, "/now")]])
    assert run(read_cues(answer(effects=[[item(host, 8, "/8")]]))) == {"effect 8": BOOM}
    assert run.lost == {}


@pytest.mark.parametrize("fault", FOR_GOOD.values(), ids=FOR_GOOD)
def test_nothing_is_decided_where_the_service_cannot_be_asked(host: Host, run: Run, fault: Reply) -> None:
    host["/7"], host["/8"] = ranged(BOOM), fault
    run.offered = NetworkError("GET /film/3/: no answer.")
    with pytest.raises(DownloadError, match="8 Boom") as caught:
        run(read_cues(answer(effects=[[item(host, 8, "/8"), item(host, 7, "/7")]])))
    assert "no fresh address" in caught.value.hint
    assert run.lost == {}


def test_nothing_is_decided_where_nothing_at_all_can_be_had(host: Host, run: Run) -> None:
    cues = read_cues(answer([item(host, 1, "/1")], [[item(host, 8, "/8"), item(host, 9, "/9")]]))
    with pytest.raises(DownloadError):
        run(cues)
    assert run.lost == {}


def test_the_next_item_is_the_best_that_can_be_had_and_spare_ones_move_up(host: Host, run: Run) -> None:
    offered = [item(host, number, f"/{number}") for number in range(6)]
    host["/2"], host["/4"], host["/5"] = ranged(BOOM), ranged(SLAM), ranged(BED)
    run.offered = answer(offered)
    cues = read_cues(answer(offered))
    assert run(cues, 1) == {"music 2": BOOM, "music 4": SLAM}
    assert sorted(run.lost) == ["music 0", "music 1", "music 3"]
    assert [each.id for each in cues.without(run.lost).by_service[MUSIC][0].items] == [2, 4, 5]


def test_an_alternative_that_cannot_be_had_today_and_comes_to_be_chosen_ends_the_run(
    host: Host, run: Run
) -> None:
    asked = threading.Event()

    def gone(handler: BaseHTTPRequestHandler) -> None:
        asked.wait(5)  # until the alternative has failed
        raw(404, b"")(handler)

    def fails(handler: BaseHTTPRequestHandler) -> None:
        raw(503, b"")(handler)
        if len(host.asked["/9"]) >= 5:
            asked.set()

    host["/7"], host["/8"], host["/9"] = ranged(BOOM), gone, fails
    cues = read_cues(answer(effects=[[item(host, 8, "/8"), item(host, 9, "/9"), item(host, 7, "/7")]]))
    with pytest.raises(DownloadError, match="9 Boom") as caught:
        run(cues, 1)
    assert caught.value.may_pass


def test_a_disk_or_a_memory_that_fails_is_no_fault_of_an_item(
    host: Host, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    host["/7"], host["/8"] = ranged(BOOM), ranged(SLAM)
    cues = read_cues(answer(effects=[[item(host, 7, "/7"), item(host, 8, "/8")]]))
    for raised in (OSError(24, "Too many open files"), MemoryError()):

        def broken(path: Path, raised: Exception = raised) -> None:
            raise raised

        with monkeypatch.context() as patched:
            patched.setattr("avm_otio.media.probe.sound_length", broken)
            with pytest.raises(DownloadError):
                run(cues)
        assert run.lost == {}
    assert run(cues) == {"effect 7": BOOM}


def test_a_line_says_of_each_item_what_takes_its_place_and_where() -> None:
    cues = read_cues(
        {
            "recommended_musics": [{"id": 1, "title": "Bed"}, {"id": 2, "title": "Calm"}],
            "sound_effects": [
                {"start_at": f"00:00:0{second}", "sound_effect_items": [{"id": 7, "title": "Boom"}]}
                for second in range(8)
            ],
        }
    ).without({"music 1": "1 Bed: it answered 404.", "effect 7": "7 Boom: gone."})
    assert cues.check(skip_bad=False) == (
        "Music 1 cannot be had (1 Bed: it answered 404); “Calm” (music 2) takes its place: under the film.",
        "Effect 7 cannot be had (7 Boom: gone); nothing takes its place, which stays empty: at "
        "00:00:00.000000, at 00:00:01.000000, at 00:00:02.000000, at 00:00:03.000000, at 00:00:04.000000 "
        "and 3 more.",
    )


# Ctrl-C


def test_an_interrupted_run_does_not_wait_for_a_silent_server_which_writes_nothing_more(
    host: Host, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avm_otio.jobs.pool._EXIT_S", 0.05)
    silent, done = threading.Event(), threading.Event()

    def silent_halfway(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("ETag", '"v1"')
        handler.send_header("Content-Length", str(len(BOOM)))
        handler.end_headers()
        handler.wfile.write(BOOM[:5000])
        silent.set()
        done.wait(20)  # then it sends the rest, which a run that waited would have kept
        handler.wfile.write(BOOM[5000:])
        handler.close_connection = True

    def interrupted(name: str, kept: Kept) -> None:
        assert silent.wait(5)
        raise KeyboardInterrupt

    host["/7"], host["/8"] = silent_halfway, ranged(SLAM)
    cues = read_cues(answer(effects=[[item(host, 7, "/7")], [item(host, 8, "/8")]]))
    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):  # while the server is silent still
        run(cues, keep=interrupted)
    left = [thread for thread in set(threading.enumerate()) - before if thread.daemon]
    part = run.folder / ".7 Boom.part"
    here = part.read_bytes()
    done.set()
    for thread in left:
        thread.join(5)
    assert part.read_bytes() == here == BOOM[: len(here)]
    assert not (run.folder / "7 Boom.wav").exists()
    host["/7"] = ranged(BOOM)
    assert run(cues) == {"effect 7": BOOM, "effect 8": SLAM}


@pytest.mark.parametrize(
    ("raised", "seen"), [(KeyboardInterrupt, KeyboardInterrupt), (ValueError, DownloadError)]
)
def test_an_interruption_passes_as_it_is_and_a_fault_that_nobody_foresaw_is_the_items(
    host: Host,
    run: Run,
    raised: type[BaseException],
    seen: type[BaseException],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setenv("AVM_CACHE_DIR", str(run.folder))
    monkeypatch.setattr("avm_otio.media.fetch.fetch", broken)
    with pytest.raises(seen):
        run(read_cues(answer(effects=[[item(host, 7, "/7")]])))
    log = default_cache_dir() / "fault.log"
    assert log.exists() is (raised is ValueError)
    assert raised is not ValueError or "in broken" in log.read_text()

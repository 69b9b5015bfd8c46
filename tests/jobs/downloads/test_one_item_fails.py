"""What is wrong with one item is that item's fault alone, and ends the run only where it may pass."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from avm_otio.errors import DownloadError
from avm_otio.jobs.downloads import MOST_AT_ONCE
from avm_otio.mix.answers import read_cues
from tests.jobs.downloads.hosting import BOOM, SLAM, Host, Run, answer, headed, item
from tests.loopback_http import raw, redirect
from tests.media.ranges import ranged


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

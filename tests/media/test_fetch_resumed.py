"""A download that broke off goes on where it stopped, and never with another body than the one begun."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.errors import DownloadError, LinkExpiredError, OutputError
from avm_otio.media.fetch import fetch
from avm_otio.media.partial import Begun, Body, Part
from avm_otio.media.untrusted import FetchLimits
from avm_otio.retry import Retrying
from tests.loopback_http import Reply, Service, raw, redirect, serving
from tests.media.ranges import ranged

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(range(256)) * 2000
OTHER = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(range(255, -1, -1)) * 2000
SIZE = len(WAV)
HALF = SIZE // 2
LOCAL = "http://127.0.0.1:9"
YEAR_2020 = 1577836800.0


def got(
    host: Service, folder: Path, path: str = "/boom?sig=s3cret", attempts: int = 1, **named: object
) -> bytes:
    """What a download brings, and nothing else stays behind."""
    retrying = Retrying(attempts=attempts, sleep=lambda _: None)
    file = fetch(host.url + path, folder, "7", service_url=LOCAL, retrying=retrying, **named)
    assert [one.name for one in folder.iterdir()] == ["7.wav"]
    return file.read_bytes()


def breaks_off(host: Service, folder: Path, path: str = "/boom?sig=s3cret", **named: object) -> DownloadError:
    with pytest.raises(DownloadError) as caught:
        got(host, folder, path, **named)
    assert not (folder / "7.wav").exists()
    return caught.value


def ranges(host: Service) -> list[str | None]:
    return [asked.headers.get("range") for asked in host.asked]


@pytest.mark.parametrize("cut", [1, 511, 512, 513, HALF, SIZE - 1])
def test_wherever_it_is_cut_the_next_attempt_asks_for_the_rest_alone(cut: int, tmp_path: Path) -> None:
    with serving(ranged(WAV, cut=cut), ranged(WAV)) as host:
        assert got(host, tmp_path, attempts=2) == WAV
    here = cut if cut >= 512 else None  # what is too little to tell sound from text is not kept
    assert ranges(host) == [None, f"bytes={here}-" if here else None]
    assert host.asked[1].headers.get("if-range") == ('"v1"' if here else None)


def test_a_later_run_goes_on_where_an_earlier_one_stopped(tmp_path: Path) -> None:
    steps: list[int] = []
    with serving(ranged(WAV, cut=HALF), ranged(WAV)) as host:
        breaks_off(host, tmp_path)
        assert got(host, tmp_path, progress=lambda done, total: steps.append(done)) == WAV
    assert ranges(host)[1] == f"bytes={HALF}-"
    assert steps[0] == HALF
    assert steps[-1] == SIZE


DIES_HALFWAY = """
import os, pathlib, signal, sys
from avm_otio.media.fetch import fetch

def die(done, total):
    if done > total // 2:
        os.kill(os.getpid(), signal.SIGKILL)

fetch(sys.argv[1], pathlib.Path(sys.argv[2]), "7", service_url=sys.argv[1], progress=die)
"""


def test_a_run_that_was_killed_is_gone_on_with(tmp_path: Path) -> None:
    with serving(ranged(WAV)) as host:
        killed = subprocess.run(
            [sys.executable, "-c", DIES_HALFWAY, f"{host.url}/boom", tmp_path], check=False
        )
        assert killed.returncode == -signal.SIGKILL
        assert got(host, tmp_path) == WAV
    assert host.asked[1].headers["if-range"] == '"v1"'


def test_it_goes_on_behind_a_link_that_was_signed_afresh(tmp_path: Path) -> None:
    with serving(ranged(WAV, cut=HALF), raw(403, b"expired"), ranged(WAV)) as host:
        breaks_off(host, tmp_path)
        assert isinstance(breaks_off(host, tmp_path), LinkExpiredError)
        assert got(host, tmp_path, "/boom?sig=new") == WAV
    assert ranges(host) == [None, f"bytes={HALF}-", f"bytes={HALF}-"]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (ranged(WAV, cut=HALF), ranged(OTHER, etag='"v2"')),
        (ranged(WAV, cut=HALF), raw(200, OTHER)),
        (
            ranged(WAV, cut=HALF, etag=None, changed=YEAR_2020),
            ranged(OTHER, etag=None, changed=YEAR_2020 + 1),
        ),
    ],
    ids=["another ETag", "a server that knows no ranges", "another date"],
)
def test_another_version_is_fetched_whole(first: Reply, then: Reply, tmp_path: Path) -> None:
    with serving(first, then) as host:
        breaks_off(host, tmp_path)
        assert got(host, tmp_path) == OTHER
    assert len(host.asked) == 2


def test_a_date_of_change_names_a_version_too(tmp_path: Path) -> None:
    with serving(
        ranged(WAV, cut=HALF, etag=None, changed=YEAR_2020), ranged(WAV, etag=None, changed=YEAR_2020)
    ) as host:
        assert got(host, tmp_path, attempts=2) == WAV
    assert host.asked[1].headers["if-range"] == "Wed, 01 Jan 2020 00:00:00 GMT"


@pytest.mark.parametrize(
    "unnamed",
    [
        ranged(WAV, cut=HALF, etag=None),
        ranged(WAV, cut=HALF, etag='W/"v1"'),
        ranged(WAV, cut=HALF, etag="v1"),
        ranged(WAV, cut=HALF, etag=None, changed=time.time() + 3600),
    ],
    ids=["no name", "a weak ETag", "an ETag without quotes", "a change that may not be the last"],
)
def test_a_version_without_a_reliable_name_is_fetched_whole_and_no_part_is_kept(
    unnamed: Reply, tmp_path: Path
) -> None:
    with serving(unnamed, ranged(WAV)) as host:
        breaks_off(host, tmp_path)
        assert list(tmp_path.iterdir()) == []
        assert got(host, tmp_path) == WAV
    assert ranges(host) == [None, None]


def lying(content_range: str | None, body: bytes = WAV[HALF:], **headers: str) -> Reply:
    named = {} if content_range is None else {"content_range": content_range}
    return raw(206, body, **named, **headers)


@pytest.mark.parametrize(
    "answer",
    [
        lying(f"bytes 0-{SIZE - 1}/{SIZE}", WAV),
        lying(f"bytes {HALF + 1}-{SIZE - 1}/{SIZE}", WAV[HALF + 1 :]),
        lying(f"bytes {HALF}-{SIZE}/{SIZE + 1}", WAV[HALF:] + b"x"),
        lying(f"bytes {HALF}-{SIZE - 1}/*"),
        lying(f"bytes {HALF}-{SIZE}/{SIZE}"),
        lying(f"items {HALF}-{SIZE - 1}/{SIZE}"),
        lying("nonsense"),
        lying(None),
        lying(f"bytes {HALF}-{SIZE - 1}/{SIZE}", OTHER[HALF:], etag='"v2"'),
        raw(416, b"", content_range=f"bytes */{SIZE}"),
    ],
)
def test_an_answer_that_does_not_fit_is_not_believed_and_the_whole_is_asked_for_once(
    answer: Reply, tmp_path: Path
) -> None:
    with serving(ranged(WAV, cut=HALF), answer, ranged(WAV)) as host:
        breaks_off(host, tmp_path)
        assert got(host, tmp_path) == WAV
    assert ranges(host) == [None, f"bytes={HALF}-", None]


@pytest.mark.parametrize(
    ("answer", "status"), [(lying(f"bytes 0-{SIZE - 1}/{SIZE}", WAV), 206), (raw(416, b""), 416)]
)
def test_a_part_that_nobody_asked_for_is_an_error(answer: Reply, status: int, tmp_path: Path) -> None:
    with serving(answer) as host:
        assert f"answered {status}" in breaks_off(host, tmp_path).what
    assert list(tmp_path.iterdir()) == []


def test_less_than_the_rest_is_gone_on_with_as_well(tmp_path: Path) -> None:
    some = lying(f"bytes {HALF}-{HALF + 999}/{SIZE}", WAV[HALF : HALF + 1000], etag='"v1"')
    with serving(ranged(WAV, cut=HALF), some, ranged(WAV)) as host:
        assert got(host, tmp_path, attempts=3) == WAV
    assert ranges(host) == [None, f"bytes={HALF}-", f"bytes={HALF + 1000}-"]


def test_a_part_from_another_address_is_not_gone_on_with(tmp_path: Path) -> None:
    with serving(ranged(WAV, cut=HALF), ranged(OTHER)) as host:
        breaks_off(host, tmp_path, "/one")
        assert got(host, tmp_path, "/two") == OTHER
    assert ranges(host) == [None, f"bytes={HALF}-", None]


def test_behind_a_redirect_it_goes_on_where_the_body_really_lies(tmp_path: Path) -> None:
    with (
        serving(ranged(WAV, cut=HALF), ranged(WAV)) as media,
        serving(redirect(f"{media.url}/x?k=1")) as host,
    ):
        assert got(host, tmp_path, attempts=2) == WAV
    assert ranges(media) == [None, f"bytes={HALF}-"]


def test_a_part_that_is_whole_gets_its_name_without_asking(tmp_path: Path) -> None:
    part = Part.of(tmp_path, "7")
    with part.begin(Body("http://media.example/x", "audio/wav", SIZE, '"v1"')) as file:
        file.write(WAV)  # and killed here
    with serving(raw(500, b"")) as host:
        assert got(host, tmp_path) == WAV
        assert host.asked == []


@pytest.mark.parametrize(
    "note",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"address":"x","content_type":"","total":null,"version":"v"}',
        '{"address":"x","content_type":"","total":12,"version":"v"}',
        '{"address":"x","content_type":"","total":99999999,"version":"a\\r\\nb: c"}',
        '{"address":"x","content_type":"","total":99999999,"version":"\\u97f3"}',
    ],
)
def test_a_note_that_makes_no_sense_is_as_good_as_none(note: str, tmp_path: Path) -> None:
    part = Part.of(tmp_path, "7")
    part.path.write_bytes(OTHER[:HALF])
    part.note.write_text(note)
    with serving(ranged(WAV)) as host:
        assert got(host, tmp_path) == WAV
    assert ranges(host) == [None]


def test_the_secrets_of_an_address_never_reach_the_disk(tmp_path: Path) -> None:
    with serving(ranged(WAV, cut=HALF)) as host:
        address = host.url.replace("http://", "http://user:passw0rd@")
        with pytest.raises(DownloadError):
            fetch(
                f"{address}/x?sig=s3cret#frag",
                tmp_path,
                "7",
                service_url=LOCAL,
                retrying=Retrying(attempts=1),
            )
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert json.loads((tmp_path / ".7.part.json").read_text())["address"] == f"{host.url}/x"
    assert not any(secret in written for secret in (b"s3cret", b"passw0rd", b"user", b"frag"))


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_address_that_has_expired_says_so(status: int, tmp_path: Path) -> None:
    with serving(raw(status, b"no")) as host:
        assert isinstance(breaks_off(host, tmp_path, attempts=3), LinkExpiredError)
    assert len(host.asked) == 1


def test_so_does_one_at_which_nobody_is(tmp_path: Path) -> None:
    with serving(raw(200, WAV)) as host:
        pass
    assert isinstance(breaks_off(host, tmp_path, attempts=2), LinkExpiredError)


# Slow and silent servers

QUICK = FetchLimits(slow_s=0.2, least_bytes_per_s=100_000)


def trickle(at: int) -> Reply:
    """Send so much at once, then a byte now and then, as long as anybody listens."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        whole = b'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Length: %d\r\n\r\n' % SIZE + WAV
        handler.close_connection = True
        try:
            handler.wfile.write(whole[:at])
            for byte in whole[at:]:
                handler.wfile.write(bytes([byte]))
                time.sleep(0.02)
        except OSError:
            pass

    return reply


def test_a_body_that_only_trickles_is_given_up_and_gone_on_with(tmp_path: Path) -> None:
    with serving(trickle(HALF), ranged(WAV)) as host:
        assert got(host, tmp_path, attempts=2, limits=QUICK) == WAV
    asked = ranges(host)[1]
    assert asked is not None
    assert HALF - 200 < int(asked.removeprefix("bytes=").removesuffix("-")) < SIZE


def test_headers_that_only_trickle_are_given_up(tmp_path: Path) -> None:
    with serving(trickle(3), ranged(WAV)) as host:
        assert got(host, tmp_path, attempts=2, limits=QUICK) == WAV
    assert len(host.asked) == 2


# The disk


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Files of this process can grow no larger, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_said_and_once_there_is_room_it_goes_on(tmp_path: Path) -> None:
    with serving(ranged(WAV)) as host:
        with files_up_to(HALF), pytest.raises(OutputError, match="disk is full"):
            got(host, tmp_path)
        assert not (tmp_path / "7.wav").exists()
        assert got(host, tmp_path) == WAV
    assert ranges(host)[1] == f"bytes={HALF}-"


def test_a_full_disk_leaves_nothing_of_what_cannot_be_gone_on_with(tmp_path: Path) -> None:
    with serving(raw(200, WAV)) as host, files_up_to(HALF), pytest.raises(OutputError, match="disk is full"):
        got(host, tmp_path)
    assert list(tmp_path.iterdir()) == []


# Laws


@settings(max_examples=20)
@given(cuts=st.lists(st.integers(0, SIZE), max_size=6))
def test_however_often_it_is_cut_what_comes_is_the_body(
    cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    with serving(*(ranged(WAV, cut=cut) for cut in cuts), ranged(WAV)) as host:
        assert got(host, folder, attempts=len(cuts) + 1) == WAV


@given(
    size=st.integers(1, 99), first=st.integers(0, 100), last=st.integers(0, 100), total=st.integers(0, 101)
)
def test_only_the_very_rest_is_gone_on_with(size: int, first: int, last: int, total: int) -> None:
    begun = Begun(Body("http://media.example/x", "", 100, '"v1"'), size)
    goes_on = begun.goes_on_with("http://media.example/x", {"content-range": f"bytes {first}-{last}/{total}"})
    assert goes_on == (first == size <= last < total == 100)

from __future__ import annotations

import gzip
import socket
import unicodedata
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.errors import DownloadError
from avm_otio.media.fetch import fetch
from avm_otio.media.naming import MAX_STEM_BYTES, audio_ending, safe_stem
from avm_otio.media.untrusted import Asker, FetchLimits
from avm_otio.retry import Retrying
from tests.loopback_http import Reply, cut_short, html, raw, redirect, reset, serving

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(range(256)) * 2000
LOCAL = "http://127.0.0.1:9"
REMOTE = "https://avm.example"
USUAL = FetchLimits()
AT_ONCE = Retrying(attempts=3, sleep=lambda _: None)


def error_of(reply: Reply, folder: Path, limits: FetchLimits = USUAL) -> tuple[DownloadError, int]:
    """The error that a download ends in, and how often it was tried; nothing may be left behind."""
    with serving(reply) as host:
        with pytest.raises(DownloadError) as caught:
            fetch(
                f"{host.url}/x?sig=s3cret",
                folder,
                "7 boom",
                service_url=LOCAL,
                retrying=AT_ONCE,
                limits=limits,
            )
        assert list(folder.iterdir()) == []
        assert "s3cret" not in str(caught.value)
        assert "7 boom" in caught.value.what
        assert "127.0.0.1" in caught.value.what
        return caught.value, len(host.asked)


def test_an_item_comes_whole_under_its_stem_and_what_it_holds(tmp_path: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    with serving(raw(200, WAV, content_type="audio/mpeg")) as host:
        got = fetch(
            f"{host.url}/a/boom.mp3?sig=1",
            tmp_path / "new" / "media",
            "7 轟 boom",
            service_url=LOCAL,
            progress=lambda *step: steps.append(step),
        )
    assert got == tmp_path / "new" / "media" / "7 轟 boom.wav"
    assert got.read_bytes() == WAV
    assert [path.name for path in got.parent.iterdir()] == ["7 轟 boom.wav"]
    assert steps[-1] == (len(WAV), len(WAV))
    assert host.asked[0].path == "/a/boom.mp3?sig=1"
    assert host.asked[0].headers["host"] == host.url.removeprefix("http://")
    assert "authorization" not in host.asked[0].headers


@pytest.mark.parametrize(
    ("reply", "tries"),
    [
        (html(), 1),
        (raw(200, b"\xef\xbb\xbf \n<!DOCTYPE HTML><p>sign in", content_type="audio/wav"), 1),
        (raw(200, b'{"error": 1}', content_type="application/json"), 1),
        (raw(200, b""), 1),
        (raw(403, b"no"), 1),
        (raw(404, WAV, content_type="audio/wav"), 1),
        (raw(500, b""), 3),
        (raw(503, b""), 3),
        (raw(200, WAV, content_length=str(len(WAV) + 1)), 3),
        (cut_short, 3),
        (reset, 3),
        (raw(200, b"junk", content_encoding="gzip"), 1),
        (raw(200, gzip.compress(WAV), content_encoding="gzip", content_type="audio/wav"), 1),
        (redirect("/again"), 6),
    ],
)
def test_what_is_not_a_whole_sound_is_an_error_and_leaves_nothing(
    reply: Reply, tries: int, tmp_path: Path
) -> None:
    error, tried = error_of(reply, tmp_path)
    assert tried == tries
    assert error.hint


@pytest.mark.parametrize("announced", [True, False])
def test_more_than_the_limit_is_refused(announced: bool, tmp_path: Path) -> None:
    def unannounced(handler: object) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(WAV)
        handler.close_connection = True

    reply = raw(200, WAV) if announced else unannounced
    error, tried = error_of(reply, tmp_path, FetchLimits(max_bytes=100_000))
    assert "limit" in error.what
    assert tried == 1


def test_a_passing_fault_is_tried_again(tmp_path: Path) -> None:
    slept: list[float] = []
    patient = Retrying(sleep=slept.append, dice=lambda: 0.0)
    replies = (raw(503, b"", retry_after="4"), cut_short, raw(200, WAV))
    with serving(*replies) as host:
        got = fetch(f"{host.url}/x", tmp_path, "7", service_url=LOCAL, retrying=patient)
    assert got.read_bytes() == WAV
    assert slept == [4.0, 0.0]


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "data:audio/wav;base64,UklGRg==",
        "/etc/passwd",
        "",
        "http://",
        "http://[::1",
        "C:\\x.wav",
        "javascript:alert(1)",
        "//127.0.0.1/x",
    ],
)
def test_only_web_addresses_are_fetched(url: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError):
        fetch(url, tmp_path, "7", service_url=LOCAL, retrying=AT_ONCE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "[fc00::1]",
        "[fe80::1]",
        "[::ffff:10.0.0.1]",
        "224.0.0.1",
        "[64:ff9b::7f00:1]",
    ],
)
def test_a_remote_service_cannot_point_into_the_private_network(host: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="private"):
        fetch(f"http://{host}:9/x", tmp_path, "7", service_url=REMOTE, retrying=AT_ONCE)


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.1", "169.254.169.254", "[fc00::1]", "0.0.0.0"])
def test_a_local_service_cannot_either(host: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="private"):
        fetch(f"http://{host}/x", tmp_path, "7", service_url=LOCAL, retrying=AT_ONCE)


def test_a_redirect_into_the_private_network_is_refused(tmp_path: Path) -> None:
    error, tried = error_of_redirect("http://10.0.0.1/latest", tmp_path)
    assert "10.0.0.1" in error.what
    assert tried == 1
    for pointed in ("file:///etc/passwd", "ftp://127.0.0.1/"):
        error_of_redirect(pointed, tmp_path)


def error_of_redirect(to: str, folder: Path) -> tuple[DownloadError, int]:
    with serving(redirect(to)) as host:
        with pytest.raises(DownloadError) as caught:
            fetch(f"{host.url}/x", folder, "7", service_url=LOCAL, retrying=AT_ONCE)
        return caught.value, len(host.asked)


def test_redirects_are_followed_and_leave_the_old_host_behind(tmp_path: Path) -> None:
    with serving(raw(200, WAV)) as media, serving(redirect(f"{media.url}/real.wav")) as host:
        assert fetch(f"{host.url}/x", tmp_path, "7", service_url=LOCAL).read_bytes() == WAV
        assert media.asked[0].headers["host"] == media.url.removeprefix("http://")


class Names:
    """A resolver of our own: each look-up of a name gives its next answer, the last one stays."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.looked_up: list[str] = []
        self._answers = list(answers)
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)
        self._real = socket.getaddrinfo

    def _look_up(self, host: str, port: int, *_: object, **__: object) -> list[object]:
        if host.replace(".", "").isdigit():
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        self.looked_up.append(host)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Names(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(DownloadError, match="private"):
        fetch("http://media.example/x", tmp_path, "7", service_url=REMOTE, retrying=AT_ONCE)


def test_the_address_that_was_checked_is_the_one_that_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = Names(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
    with serving(raw(200, WAV)) as host:
        port = host.url.rpartition(":")[2]
        got = fetch(f"http://media.example:{port}/x", tmp_path, "7", service_url="http://media.example:1")
    assert got.read_bytes() == WAV
    assert names.looked_up == ["media.example"]
    assert host.asked[0].headers["host"] == f"media.example:{port}"


def test_every_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Names(monkeypatch, ["127.0.0.2", "127.0.0.1"])
    with serving(raw(200, WAV)) as host:
        port = host.url.rpartition(":")[2]
        assert fetch(f"http://media.example:{port}/x", tmp_path, "7", service_url=LOCAL).exists()


def test_a_name_without_an_address_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"media\.example has no address"):
        fetch("https://media.example/x?sig=1", tmp_path, "7", service_url=REMOTE, retrying=AT_ONCE)


def test_from_an_encrypted_address_there_is_no_way_to_clear_text(tmp_path: Path) -> None:
    asker = Asker("7", "avm.example", FetchLimits())
    with pytest.raises(DownloadError, match="clear text"):
        asker._join(httpx.URL("https://media.example/x"), "http://media.example/x")


def test_interrupting_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "7.wav").write_bytes(b"old")

    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with serving(raw(200, WAV)) as host, pytest.raises(KeyboardInterrupt):
        fetch(f"{host.url}/x", tmp_path, "7", service_url=LOCAL, progress=interrupt)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


# Names


@pytest.mark.parametrize(
    ("title", "stem"),
    [
        ("Boom", "7 Boom"),
        ("", "7"),
        (None, "7"),
        ("../../etc/passwd", "7 etc passwd"),
        ("..\\..\\x", "7 x"),
        ("CON", "7 CON"),
        ("-rf", "7 rf"),
        ("  a \t b\r\n c. . ", "7 a b c"),
        ("a\u202egnp.exe\u200b\ufeff", "7 a gnp.exe"),
        ('a:b*c?d"e<f>g|h', "7 a b c d e f g h"),
        ("null\0byte\x7f\x85", "7 null byte"),
        ("音樂 🎬 👩\u200d🎤", "7 音樂 🎬 👩\u200d🎤"),
        ("cafe\u0301", "7 café"),
        ("\ud800lone", "7 lone"),
        ("...", "7"),
    ],
)
def test_a_stem_is_the_id_and_what_is_safe_of_the_title(title: str | None, stem: str) -> None:
    assert safe_stem(7, title) == stem


@given(
    item_id=st.integers(0, 10**12),
    title=st.text(max_size=300) | st.sampled_from("音🎬a").map(lambda s: s * 300),
)
def test_no_title_makes_an_unsafe_stem(item_id: int, title: str) -> None:
    stem = safe_stem(item_id, title)
    assert stem == str(item_id) or stem.startswith(f"{item_id} ")
    assert len(stem.encode()) <= MAX_STEM_BYTES
    assert not set(stem) & set('<>:"/\\|?*')
    assert not stem.endswith((" ", "."))
    assert all(sign == "\u200d" or unicodedata.category(sign)[0] != "C" for sign in stem)


@pytest.mark.parametrize(
    ("head", "content_type", "path", "ending"),
    [
        (b"RIFF....WAVEfmt ", "audio/mpeg", "/x.mp3", ".wav"),
        (b"RF64....WAVE", "", "/x", ".wav"),
        (b"RIFF....AVI ", "", "/x", None),
        (b"ID3\x04", "", "/x", ".mp3"),
        (b"\xff\xfb\x90\x64", "", "/x", ".mp3"),
        (b"\xff\xf1\x50\x80", "", "/x", ".aac"),
        (b"fLaC", "", "/x", ".flac"),
        (b"OggS", "", "/x", ".ogg"),
        (b"\0\0\0\x20ftypM4A ", "", "/x", ".m4a"),
        (b"FORM....AIFF", "", "/x", ".aiff"),
        (b"????", "audio/x-wav; charset=binary", "/x.mp3", ".wav"),
        (b"????", "application/octet-stream", "/music/X.FLAC", ".flac"),
        (b"????", "", "/x.exe", None),
        (b"", "", "", None),
    ],
)
def test_the_ending_is_what_the_bytes_then_the_type_then_the_address_say(
    head: bytes, content_type: str, path: str, ending: str | None
) -> None:
    assert audio_ending(head, content_type, path) == ending

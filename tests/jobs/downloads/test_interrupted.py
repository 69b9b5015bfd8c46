"""Ctrl-C ends a run at once, and nothing is written behind it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler

import pytest

from avm_otio.config.folders import default_cache_dir
from avm_otio.errors import DownloadError
from avm_otio.jobs.journal import Kept
from avm_otio.mix.answers import read_cues
from tests.jobs.downloads.hosting import BOOM, SLAM, Host, Run, answer, item
from tests.media.ranges import ranged


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

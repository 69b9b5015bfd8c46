"""A server of items, and a run that downloads from it."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.jobs.downloads.hosting import Host, Run
from tests.loopback_http import listening


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


@pytest.fixture
def run(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("avm_otio.retry.Retrying.delay_s", lambda *_: 0.0)
    return Run(host, tmp_path / "media")

"""A server of items, and runs that download from it into a folder."""

from __future__ import annotations

import struct
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from avm_otio.jobs.downloads import download, is_here
from avm_otio.jobs.journal import Kept
from avm_otio.mix.answers import read_cues
from avm_otio.mix.cues import Cues
from tests.delivery.listening import Listening
from tests.loopback_http import Reply, raw
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


def headed(channels: int, bits: int, rate_hz: int = 48_000) -> bytes:
    """A WAV file whose header says so."""
    held = bytearray(BOOM)
    struct.pack_into("<HIIHH", held, 22, channels, rate_hz, rate_hz * 4, 4, bits)
    return bytes(held)

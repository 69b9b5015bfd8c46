"""A film service on loopback that keeps the contract, save where a test tells it otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback_http import Asked, Reply, listening, raw, says

FILM_ID, SESSION_ID = 1320, 3215


@dataclass
class ScriptedService:
    """Answers as the contract says with ``result``; ``instead`` replaces the answer of one call.

    Attributes:
        url: Its address.
        result: What the service found.
        files: Path → what a download of it gives.
        instead: ``"POST /film/"`` and the like → another answer.
        asked: Every request that came.
    """

    url: str
    result: dict[str, Any]
    files: dict[str, Reply] = field(default_factory=dict)
    instead: dict[str, Reply] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def calls(self, method: str) -> list[str]:
        return [one.path for one in self.asked if one.method == method]


@contextmanager
def service_of_two() -> Iterator[ScriptedService]:
    """A service that answers with one piece of music, 10.00, and one effect, 2.50."""
    with film_service(result_of()) as found:
        music = {"id": 7, "price": 10.0, "url": f"{found.url}/items/7", "title": "Bed"}
        found.result = result_of(effect(found.url), musics=[music])
        found.files = {"/items/1": sound(), "/items/7": sound(wav(9))}
        yield found


@contextmanager
def film_service(result: dict[str, Any], port: int = 0) -> Iterator[ScriptedService]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            left = int(self.headers.get("content-length", 0))
            body = self.rfile.read(left)
            headers = {name.lower(): value for name, value in self.headers.items()}
            service.asked.append(Asked(self.command, self.path, headers, body))
            self.reply()(self)

        def reply(self) -> Callable[[BaseHTTPRequestHandler], None]:
            call = f"{self.command} {self.path}"
            film, session = f"/film/{FILM_ID}/", f"/film/{FILM_ID}/service/{SESSION_ID}/"
            usual = {
                "POST /film/": {"id": FILM_ID},
                f"GET {film}": {"id": FILM_ID, "type": "normal_film"},
                f"POST {film}service/": {"session_id": SESSION_ID},
                f"GET {session}": service.result,
            }
            if call in service.instead:
                return service.instead[call]
            if self.path in service.files:
                return service.files[self.path]
            return says(usual[call]) if call in usual else says({"message": ["Not found."]}, 404)

        do_GET = do_POST = answer  # noqa: N815  # the names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    with listening(Handler, port) as url:
        service = ScriptedService(url, result)
        yield service


def effect(
    service_url: str, number: int = 1, start: Any = "00:00:00.5", end: Any = "00:00:01", **more: Any
) -> dict[str, Any]:
    item = {
        "id": number,
        "price": 2.5,
        "duration": None,
        "url": f"{service_url}/items/{number}",
        "title": f"S-{number}",
    }
    return {
        "start_at": start,
        "end_at": end,
        "object_class": 1,
        "action_labels": [2],
        "sound_effect_items": [item | more],
    }


def result_of(*effects: Any, musics: Any = ()) -> dict[str, Any]:
    return {
        "is_done": True,
        "music_mapping_service": {"is_done": True, "musics": list(musics)},
        "sound_effect_service": {"is_done": True, "sound_effects": list(effects)},
    }


def wav(seconds: float = 1.0, rate_hz: int = 48_000, channels: int = 2) -> bytes:
    """A tone as a WAV file."""
    import io
    import wave

    import numpy as np

    tone = (np.sin(np.arange(round(seconds * rate_hz)) * 0.05) * 8000).astype("<i2")
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.repeat(tone[:, None], channels, axis=1).tobytes())
    return held.getvalue()


def sound(data: bytes | None = None) -> Reply:
    return raw(200, wav() if data is None else data, content_type="audio/wav")


def music(service: ScriptedService, number: int, data: bytes) -> dict[str, Any]:
    service.files[f"/items/{number}"] = sound(data)
    return {
        "id": number,
        "price": 10.0,
        "url": f"{service.url}/items/{number}",
        "title": f"Piece {number}",
    }

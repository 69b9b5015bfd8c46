"""The contract, spoken in raw HTTP."""

from __future__ import annotations

import io
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from avm_otio.engine.server import running, serve
from avm_otio.errors import DownloadError, UsageError
from avm_otio.media.untrusted import Asker, FetchLimits
from avm_otio.timeline.time import format_timestamp, parse_timestamp
from tests.engine.engine_films import RATE_HZ, clicks, make_film, read_wav, write_wav

TOKEN = "right-token"
LICENSE = {"range": [16], "duration": 8, "usage_platforms": [2]}
WISH = {"title": "calm", "budget_min": 0, "budget_max": 100_000}
MUSIC = {"music_mapping_service": {"requirement": WISH}}
EFFECTS: dict[str, Any] = {"sound_effect_service": {"avm_density": 60}}
DENOISE: dict[str, Any] = {"noise_reduction_service": {}}
CLICKS = [120_000, 280_000]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    return {
        "normal": make_film(folder / "my cut 影片.mov", sound=clicks(10, CLICKS)),
        "silent": make_film(folder / "silent.mp4"),
        "audio": write_wav(folder / "sound.wav", clicks(3, [48_000])),
    }


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    for number in range(4):
        write_wav(folder / "music" / f"Calm Piano {number}.wav", clicks(4, [24_000 * n for n in range(8)]))
    for name in ("Whoosh A", "Whoosh B", "Impact A", "Tick A", "Riser A", "Room A"):
        write_wav(folder / "effects" / f"{name}.wav", clicks(0.4, [100]))
    return folder


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory, sounds: Path) -> Iterator[str]:
    with running(data_dir=tmp_path_factory.mktemp("data"), library=sounds, token=TOKEN) as url:
        yield url


@pytest.fixture(scope="module")
def http(base_url: str) -> Iterator[httpx.Client]:
    with caller(base_url) as client:
        yield client


def caller(base_url: str, **headers: str) -> httpx.Client:
    given = {"authorization": f"Token {TOKEN}", "accept-language": "en", "avma-currency": "usd"}
    return httpx.Client(base_url=base_url, headers=given | headers, timeout=30)


def upload(http: httpx.Client, path: Path) -> int:
    with path.open("rb") as file:
        answer = http.post("/film/", files={"file": (path.name, file)})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


@pytest.fixture(scope="module")
def ids(http: httpx.Client, films: dict[str, Path]) -> dict[str, int]:
    return {kind: upload(http, path) for kind, path in films.items()}


def submit(http: httpx.Client, film: int, **body: Any) -> httpx.Response:
    return http.post(f"/film/{film}/service/", json={"license": LICENSE} | body)


def result(http: httpx.Client, film: int, session: int) -> dict[str, Any]:
    while True:
        answer = http.get(f"/film/{film}/service/{session}/").json()
        if answer["is_done"]:
            return dict(answer)


def ask(http: httpx.Client, film: int, **body: Any) -> dict[str, Any]:
    return result(http, film, submit(http, film, **body).json()["session_id"])


def refused(answer: httpx.Response, status: int = 400) -> str:
    assert answer.status_code == status, answer.text
    (message,) = answer.json()["message"]
    return str(message)


@pytest.fixture(scope="module")
def scored(http: httpx.Client, ids: dict[str, int]) -> dict[str, Any]:
    return ask(http, ids["normal"], **MUSIC, **EFFECTS, **DENOISE)


def test_every_field_of_a_film_is_told(
    http: httpx.Client, ids: dict[str, int], films: dict[str, Path]
) -> None:
    film = http.get(f"/film/{ids['normal']}/").json()
    assert film["type"] == "normal_film"
    assert film["duration"] == "00:00:10.010000"
    assert (film["filename"], film["title"]) == (films["normal"].name, films["normal"].stem)
    assert film["is_active"] is True
    assert (film["youtube_url"], film["image_url"], film["is_from_image"]) == (None, None, False)
    assert datetime.fromisoformat(film["create_at"]).tzinfo is not None
    assert film["expire_time"] > film["create_at"]
    assert httpx.get(film["url"]).content == films["normal"].read_bytes()
    assert http.get(f"/film/{ids['silent']}/").json()["type"] == "silent_film"
    assert http.get(f"/film/{ids['audio']}/").json()["type"] == "audio"


def test_effects_lie_at_cuts_and_clicks(scored: dict[str, Any]) -> None:
    cues = scored["sound_effect_service"]["sound_effects"]
    starts = [parse_timestamp(cue["start_at"]) for cue in cues]
    assert len(cues) >= 5
    cuts = {round(frame * 1_001_000_000 / 24_000) for frame in (40, 90, 150, 200)}
    assert cuts <= set(starts)
    at_clicks = [cue for cue in cues if cue["object_class"] == 3]
    assert any(
        abs(parse_timestamp(cue["start_at"]) - click * 1e6 / RATE_HZ) <= 10_000
        for cue in at_clicks
        for click in CLICKS
    )
    for cue in cues:
        assert cue["sound_effect_items"]
        assert cue["avm_reasons"]
        assert 0 < cue["avm_confidence"] < 1
        assert 0 <= parse_timestamp(cue["start_at"]) < parse_timestamp(cue["end_at"]) <= 10_010_000


def test_a_second_analysis_finds_the_same(
    http: httpx.Client, ids: dict[str, int], scored: dict[str, Any]
) -> None:
    again = ask(http, ids["normal"], **EFFECTS)
    assert again["sound_effect_service"] == scored["sound_effect_service"]
    assert set(again) == {"is_done", "sound_effect_service"}


def test_noise_reduced_sound_is_as_long_as_the_films(scored: dict[str, Any], tmp_path: Path) -> None:
    (audio,) = scored["noise_reduction_service"]["noise_reduce_audios"]
    path = tmp_path / "got.wav"
    path.write_bytes(httpx.get(audio["url"]).content)
    heard = read_wav(path)
    assert heard.shape == (1, 10 * RATE_HZ)
    quiet = np.abs(heard[0]) < 0.15  # a click is no speech: it goes down by up to 12 dB
    assert quiet[: CLICKS[0]].all()
    assert not quiet[CLICKS[0] : CLICKS[0] + 50].all()


def test_items_download_without_a_token_and_in_ranges(scored: dict[str, Any]) -> None:
    url = scored["music_mapping_service"]["musics"][0]["url"]
    whole = httpx.get(url)
    assert whole.content[:4] == b"RIFF"
    part = httpx.get(url, headers={"range": "bytes=10-29"})
    assert (part.status_code, part.content) == (206, whole.content[10:30])


def test_addresses_cannot_be_guessed_or_bent(scored: dict[str, Any], base_url: str) -> None:
    url = httpx.URL(scored["music_mapping_service"]["musics"][0]["url"])
    _, media, kind, number, signature, name = url.path.split("/")
    for bent in (
        f"/{media}/{kind}/{int(number) + 1}/{signature}/{name}",
        f"/{media}/film/{number}/{signature}/{name}",
        f"/{media}/{kind}/{number}/{signature}/..%2f..%2f..%2fetc%2fpasswd",
        f"/{media}/{kind}/{number}/{'0' * 40}/{name}",
        f"/{media}/{kind}/../../secret.key",
    ):
        refused(httpx.get(base_url + bent), 404)


def test_a_film_must_come_from_one_source(http: httpx.Client, films: dict[str, Path]) -> None:
    message = "One of the file or YouTube url must be provided"
    assert refused(http.post("/film/")) == message
    assert refused(http.post("/film/", files={"other": ("a", b"x")})) == message
    assert (
        refused(
            http.post("/film/", content=b"junk", headers={"content-type": "multipart/form-data; boundary=x"})
        )
        == message
    )
    both = {"file": ("a.mp4", films["silent"].read_bytes()), "youtube_url": (None, "https://youtu.be/abc")}
    assert refused(http.post("/film/", files=both)) == message


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "The Youtube url is unavailable"),
        ("https://youtu.be/dQw4w9WgXcQ", "The Youtube url is unavailable"),
        ("https://vimeo.com/1", "The Youtube url is invalid"),
        ("https://youtube.com.evil.example/watch?v=1", "The Youtube url is invalid"),
        ("nonsense", "The Youtube url is invalid"),
        ("http://[", "The Youtube url is invalid"),
    ],
)
def test_youtube_is_out_of_reach(http: httpx.Client, url: str, message: str) -> None:
    assert refused(http.post("/film/", data={"youtube_url": url})) == message
    assert refused(http.post("/film/", files={"youtube_url": (None, url)})) == message


def test_a_file_that_does_not_decode_is_refused_by_its_own_name(http: httpx.Client) -> None:
    message = refused(http.post("/film/", files={"file": ("bad film.mp4", b"nothing" * 99)}))
    assert "bad film.mp4" in message
    assert "/" not in message


@pytest.mark.parametrize(
    "license",
    [None, {}, {"range": [1], "duration": 1}, {**LICENSE, "range": []}, {**LICENSE, "duration": "1"}],
)
def test_the_license_is_asked_for(http: httpx.Client, ids: dict[str, int], license: Any) -> None:
    answer = http.post(f"/film/{ids['silent']}/service/", json={"license": license} | MUSIC)
    assert refused(answer) == "The license data must be provide"


def test_platforms_of_two_usages_are_refused(http: httpx.Client, ids: dict[str, int]) -> None:
    answer = submit(http, ids["silent"], license={**LICENSE, "usage_platforms": [2, 102]}, **MUSIC)
    assert refused(answer) == "All usage_platform that choice must be related to the same usage data"


def test_a_service_must_be_chosen(http: httpx.Client, ids: dict[str, int]) -> None:
    assert refused(submit(http, ids["silent"])) == "At least one service to be chosen"


@pytest.mark.parametrize(
    "stretch",
    [
        {"start_at": "00:00:11.000000"},
        {"start_at": "00:00:05", "end_at": "00:00:04"},
        {"end_at": "00:01:00"},
        {"start_at": "soon"},
        {"start_at": 3},
    ],
)
def test_a_stretch_outside_the_film_is_refused(http: httpx.Client, ids: dict[str, int], stretch: Any) -> None:
    assert (
        refused(submit(http, ids["silent"], sound_effect_service=stretch))
        == "Sound effect start time unavailable"
    )


def test_effects_keep_to_the_stretch_that_was_asked_for(http: httpx.Client, ids: dict[str, int]) -> None:
    stretch = {"start_at": "00:00:03.5", "end_at": "00:00:09", "avm_density": "dense"}
    cues = ask(http, ids["silent"], sound_effect_service=stretch)["sound_effect_service"]["sound_effects"]
    assert cues
    assert all(cue["start_at"] >= "00:00:03.500000" and cue["end_at"] <= "00:00:09.000000" for cue in cues)


@pytest.mark.slow
def test_how_many_effects_there_are_is_the_callers_to_say(http: httpx.Client, ids: dict[str, int]) -> None:
    def many(density: object) -> int:
        asked = {"sound_effect_service": {"avm_density": density}}
        return len(ask(http, ids["silent"], **asked)["sound_effect_service"]["sound_effects"])

    assert many("none") == many(0) == 0
    assert many(None) <= many("normal") <= 3 < many(60)
    for wrong in ("many", -1, True, 1e9, []):
        assert "avm_density" in refused(
            submit(http, ids["silent"], sound_effect_service={"avm_density": wrong})
        )
    assert "avm_words" in refused(submit(http, ids["silent"], sound_effect_service={"avm_words": 7}))


def test_services_that_a_film_cannot_have_are_refused(http: httpx.Client, ids: dict[str, int]) -> None:
    assert "without sound" in refused(submit(http, ids["silent"], **DENOISE))
    assert "sound file" in refused(submit(http, ids["audio"], **MUSIC))


@pytest.mark.parametrize("name", ["title", "budget_min", "budget_max"])
def test_what_a_requirement_lacks_is_named(http: httpx.Client, ids: dict[str, int], name: str) -> None:
    lacking = {key: value for key, value in WISH.items() if key != name}
    assert name in refused(submit(http, ids["silent"], music_mapping_service={"requirement": lacking}))


@pytest.mark.slow
def test_music_stays_within_the_budget_in_the_callers_currency(
    http: httpx.Client, ids: dict[str, int]
) -> None:
    def prices(**budget: float) -> list[float]:
        asked = ask(http, ids["silent"], music_mapping_service={"requirement": [WISH | budget]})
        return [music["price"] for music in asked["music_mapping_service"]["musics"]]

    all_prices = sorted(prices())
    assert len(all_prices) == 4
    assert sorted(prices(budget_min=all_prices[1], budget_max=all_prices[2])) == all_prices[1:3]
    assert prices(budget_max=0.01) == []


@pytest.mark.slow
def test_an_audio_film_gets_effects_and_noise_reduction(http: httpx.Client, ids: dict[str, int]) -> None:
    found = ask(http, ids["audio"], **EFFECTS, **DENOISE)
    assert found["sound_effect_service"]["sound_effects"]
    assert found["noise_reduction_service"]["noise_reduce_audios"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "authorization", [None, "", "Token", "Token wrong", "Bearer right-token", "right-token"]
)
def test_without_the_token_nothing_is_answered(base_url: str, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    for path in ("/film/", "/film/1/", "/film/1/service/1/"):
        refused(httpx.get(base_url + path, headers=headers), 401)
    refused(httpx.post(base_url + "/film/", headers=headers, files={"file": ("a", b"b")}), 401)


def test_language_and_currency_are_heeded(base_url: str, ids: dict[str, int], scored: dict[str, Any]) -> None:
    def price(currency: str) -> float:
        with caller(base_url, **{"avma-currency": currency}) as http:
            return float(http.get(f"/film/{ids['normal']}/").json()["recommended_musics"][0]["price"])

    assert price("usd") == round(price("TWD") / 32, 2)
    assert price("Eur") == round(price("TWD") / 35, 2)
    with caller(base_url, **{"accept-language": "zh"}) as http:
        assert refused(http.get("/film/999999/"), 404) == "沒有這部影片。"
        assert refused(submit(http, ids["silent"])) == "At least one service to be chosen"
    for header in ({"accept-language": "fr"}, {"avma-currency": "GBP"}):
        with caller(base_url, **header) as http:
            refused(http.get("/film/"))


def test_unknown_addresses_and_methods_have_the_shape_of_errors(http: httpx.Client) -> None:
    refused(http.get("/nowhere/"), 404)
    refused(http.get("/film/999999/service/1/"), 404)
    refused(http.delete("/film/"), 405)


def test_only_this_machine_is_served(base_url: str, tmp_path: Path) -> None:
    with caller(base_url, host="evil.example") as http:
        refused(http.get("/film/"))
    with pytest.raises(UsageError):
        serve(host="0.0.0.0", data_dir=tmp_path, library=tmp_path, token=None, on_ready=None)


@pytest.mark.slow
def test_films_come_twenty_a_page_newest_first(tmp_path: Path, sounds: Path, films: dict[str, Path]) -> None:
    with running(data_dir=tmp_path, library=sounds, token=TOKEN) as url, caller(url) as http:
        made = [upload(http, films["audio"]) for _ in range(21)]
        first = http.get("/film/").json()
        assert (first["count"], len(first["results"]), first["previous"]) == (21, 20, None)
        second = http.get(first["next"]).json()
        assert second["next"] is None
        assert http.get(second["previous"]).json() == first
        assert [film["id"] for film in first["results"] + second["results"]] == made[::-1]
        refused(http.get("/film/?page=3"), 404)
        refused(http.get("/film/?page=x"), 404)


def test_the_list_tells_of_the_last_analysis_and_a_film_of_all(
    http: httpx.Client, films: dict[str, Path]
) -> None:
    film = upload(http, films["silent"])
    ask(http, film, **MUSIC)
    ask(http, film, **EFFECTS)
    listed = next(one for one in http.get("/film/").json()["results"] if one["id"] == film)
    assert listed["sound_effects"]
    assert listed["recommended_musics"] == []
    alone = http.get(f"/film/{film}/").json()
    assert alone["sound_effects"] == listed["sound_effects"]
    assert {"bpm", "genre", "instrument", "emotion", "like", "is_bought"} <= set(
        alone["recommended_musics"][0]
    )


@pytest.mark.slow
def test_analyses_run_out(tmp_path: Path, sounds: Path, films: dict[str, Path]) -> None:
    with running(data_dir=tmp_path, library=sounds, token=None, analyses=1) as url, caller(url) as http:
        film = upload(http, films["audio"])
        assert submit(http, film).status_code == 400
        ask(http, film, **EFFECTS)
        assert refused(submit(http, film, **EFFECTS)) == "Insufficient analyze count"


def test_whoever_asked_is_notified_with_the_result(http: httpx.Client, ids: dict[str, int]) -> None:
    notified: list[Any] = []
    heard = threading.Event()

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            notified.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(503 if len(notified) == 1 else 200)
            self.end_headers()
            if len(notified) > 1:
                heard.set()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/hook"
        session = submit(http, ids["audio"], **EFFECTS, notify_url=address).json()["session_id"]
        assert heard.wait(20)
        server.shutdown()
        thread.join()
    assert notified[0] == notified[1] == result(http, ids["audio"], session)
    assert "notify_url" in refused(submit(http, ids["audio"], **EFFECTS, notify_url="file:///etc/passwd"))


@pytest.mark.parametrize("address", ["http://10.1.2.3/x", "http://[fd00::1]/x", "http://169.254.169.254/x"])
def test_no_notification_goes_into_a_private_network(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("httpx.Client.send", lambda self, request, **more: asked.append(str(request.url)))
    asker = Asker("notify_url", "127.0.0.1", FetchLimits())
    with pytest.raises(DownloadError, match="private network"):
        asker.post(address, b"{}")
    assert asked == []


@pytest.mark.parametrize(
    "address", ["http://10.1.2.3/x", "http://[fd00::1]/x", "http://-/x", "http://x:99999/"]
)
def test_a_notify_url_that_nothing_is_posted_to_is_refused_at_once(
    http: httpx.Client, ids: dict[str, int], address: str
) -> None:
    assert "notify_url" in refused(submit(http, ids["audio"], **EFFECTS, notify_url=address))


@pytest.mark.slow
def test_a_notification_that_does_not_arrive_is_told(
    tmp_path: Path, sounds: Path, films: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avm_otio.engine.work._NOTIFY_PAUSES_S", (0.01,))
    messages: list[str] = []
    inside = "http://inside.example/x"  # a name: where it leads is seen when it is asked
    monkeypatch.setattr(
        "avm_otio.media.untrusted._resolve", lambda host, port: [host if host[0].isdigit() else "10.1.2.3"]
    )
    with (
        running(data_dir=tmp_path, library=sounds, token=TOKEN, tell=messages.append) as url,
        caller(url) as http,
    ):
        film = upload(http, films["audio"])
        for address in (inside, "http://127.0.0.1:9/x"):
            session = submit(http, film, **EFFECTS, notify_url=address).json()["session_id"]
            result(http, film, session)
            until = time.monotonic() + 20
            while not any(f"session {session} did not arrive" in each for each in messages):
                assert time.monotonic() < until
                time.sleep(0.02)
    assert "inside a private network" in messages[-2]


@pytest.mark.slow
def test_films_results_and_ids_outlive_the_engine(
    tmp_path: Path, sounds: Path, films: dict[str, Path]
) -> None:
    with running(data_dir=tmp_path, library=sounds, token=TOKEN) as url, caller(url) as http:
        film = upload(http, films["silent"])
        finished = submit(http, film, **EFFECTS).json()["session_id"]
        before = result(http, film, finished)
        cut_off = submit(http, film, **MUSIC).json()["session_id"]
    with running(data_dir=tmp_path, library=sounds, token=TOKEN) as url, caller(url) as http:
        assert result(http, film, cut_off)["music_mapping_service"]["musics"]
        after = result(http, film, finished)
        first, again = (
            answer["sound_effect_service"]["sound_effects"][0]["sound_effect_items"][0]
            for answer in (before, after)
        )
        assert again["id"] == first["id"]
        assert httpx.get(again["url"]).content[:4] == b"RIFF"
        assert upload(http, films["audio"]) == film + 1


def test_an_analysis_that_fails_says_so_and_does_not_hang(
    tmp_path: Path, sounds: Path, films: dict[str, Path]
) -> None:
    with running(data_dir=tmp_path, library=sounds, token=TOKEN) as url, caller(url) as http:
        film = upload(http, films["silent"])
        next(tmp_path.glob(f"films/{film}/film.mp4")).write_bytes(b"gone bad")
        found = ask(http, film, **EFFECTS)
        assert found["sound_effect_service"] == {"is_done": True, "sound_effects": []}
        assert len(found["message"]) == 1


def test_an_expired_film_is_told_of_but_its_file_is_gone(
    tmp_path: Path, sounds: Path, films: dict[str, Path]
) -> None:
    with running(data_dir=tmp_path, library=sounds, token=TOKEN) as url, caller(url) as http:
        upload(http, films["audio"])
    with closing(sqlite3.connect(tmp_path / "engine.sqlite")) as base, base:
        base.execute(
            """UPDATE films SET kept = json_set(kept, '$.expires_at', '2020-01-01T00:00:00+00:00')"""
        )
    with running(data_dir=tmp_path, library=sounds, token=TOKEN) as url, caller(url) as http:
        film = http.get("/film/1/").json()
        assert film["is_active"] is False
        refused(httpx.get(film["url"]), 404)


def test_an_upload_leaves_nothing_behind_but_its_film(
    tmp_path: Path, sounds: Path, films: dict[str, Path]
) -> None:
    with running(data_dir=tmp_path, library=sounds, token=TOKEN) as url, caller(url) as http:
        upload(http, films["audio"])
        http.post("/film/", files={"file": ("x.mp4", io.BytesIO(b"bad" * 1000))})
        assert list((tmp_path / "uploads").iterdir()) == []
        assert format_timestamp(3_000_000) == http.get("/film/1/").json()["duration"]

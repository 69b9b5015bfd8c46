"""Previews until an item is bought, the licensed file from then on."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from avm_otio.cli.main import run
from avm_otio.engine.server import running
from avm_otio.engine.store import Store
from avm_otio.media.probe import probe
from tests.engine.engine_films import clicks, write_wav

EFFECTS = {
    "license": {"range": [16], "duration": 8, "usage_platforms": [2]},
    "sound_effect_service": {"avm_spots": [{"at": "00:00:01.0", "words": "tick"}]},
}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    write_wav(tmp_path / "sounds" / "effects" / "Tick A.wav", clicks(1, [100]))
    return tmp_path / "sounds"


def offered(url: str, film: Path) -> dict[str, Any]:
    """The first item that the engine has for a film."""
    with httpx.Client(base_url=url, headers={"authorization": "Token any"}, timeout=30) as http:
        with film.open("rb") as file:
            number = http.post("/film/", files={"file": (film.name, file)}).json()["id"]
        session = http.post(f"/film/{number}/service/", json=EFFECTS).json()["session_id"]
        while not (answer := http.get(f"/film/{number}/service/{session}/").json())["is_done"]:
            time.sleep(0.02)
        item: dict[str, Any] = answer["sound_effect_service"]["sound_effects"][0]["sound_effect_items"][0]
        return item


def test_a_preview_is_heard_until_the_item_is_bought(
    tmp_path: Path, library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film, data = write_wav(tmp_path / "film.wav", clicks(3, [48_000])), tmp_path / "data"
    with running(data_dir=data, library=library, sells=True) as url:
        before = offered(url, film)
        (tmp_path / "heard.mp3").write_bytes(httpx.get(before["url"]).content)
        preview = probe(tmp_path / "heard.mp3")
        assert not before["is_bought"]
        assert [sound.codec for sound in preview.audio] == ["mp3float"]
        assert abs(float(preview.duration or 0) - 1) < 0.1
        assert run(["engine", "buy", str(before["id"]), "--data", str(data), "--json"]) == 0
        bought = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (bought["id"], bought["title"], bought["is_new"]) == (before["id"], "Tick A", True)
        after = offered(url, film)
        assert after["is_bought"]
        assert httpx.get(after["url"]).content == (library / "effects" / "Tick A.wav").read_bytes()
    with running(data_dir=data, library=library) as url:
        assert offered(url, film)["is_bought"]


def test_what_nobody_offered_is_not_sold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["engine", "buy", "7", "--data", str(tmp_path)]) == 2
    assert "No engine has kept anything" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    Store(tmp_path).close()
    assert run(["engine", "buy", "7", "8", "--data", str(tmp_path)]) == 2
    assert "No film of this engine was offered 7 or 8." in capsys.readouterr().err

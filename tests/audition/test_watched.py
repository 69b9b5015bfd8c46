"""The page by way of a watch folder, all of it real but the browser."""

from __future__ import annotations

import json
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from avm_otio import app, choosing
from tests.audition.browser import audition_of
from tests.audition.cut import scored, service
from tests.audition.visitor import choose_another


def until(path: Path) -> Any:
    ends = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < ends, f"{path.name} did not come"
        time.sleep(0.05)
    return json.loads(path.read_text())


def is_used(page: Path) -> None:
    assert json.loads(page.read_text())["address"] is None, "whoever finds it later could not come in"


@pytest.mark.slow
def test_a_server_that_is_killed_leaves_the_last_choice(tmp_path: Path) -> None:
    timeline = scored(tmp_path, 2, music=False) / "out.otio"
    with audition_of(timeline) as (server, address):
        here = address.partition("/enter")[0]
        with httpx.Client(base_url=here, headers={"origin": here}) as browser:
            assert browser.get(address).status_code == 200
            asked = {"cue": browser.get("/api/session").json()["cues"][0]["name"], "gain_db": -7.5}
            assert browser.post("/api/choose", json=asked).status_code == 200
            server.kill()
    (cue, _) = choosing.offered(timeline).cues
    assert cue.choice.gain_db == -7.5


@pytest.mark.slow
def test_what_is_chosen_on_the_page_is_what_the_host_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, reel, page = (tmp_path / name for name in ("watch", "watch/reel", "watch/page"))
    (tmp_path / "cut").mkdir()
    scored(tmp_path / "cut", 2, music=False)
    reel.mkdir(parents=True)
    for name in ("cut.otio", "a.mp4"):
        shutil.copy(tmp_path / "cut" / name, reel / name)
    asked = {"timeline": "cut.otio", "output": "scored.otio", "editor": "blender", "services": ["effects"]}
    (reel / "request.json").write_text(json.dumps(asked | {"alternatives": 8}))
    monkeypatch.setenv("AVM_TOKEN", "sesame-1234567890")
    monkeypatch.setenv("AVM_CONFIG_DIR", str(tmp_path / "config"))
    with service(music=False) as found:
        monkeypatch.setenv("AVM_SERVICE", found.url)
        app.watch([watch], once=True, poll_s=0.05)
    before = json.loads((reel / "result.json").read_text())
    page.mkdir()
    (page / "request.json").write_text(json.dumps({"audition": "reel"}))
    watching = threading.Thread(target=lambda: app.watch([watch], once=True, poll_s=0.05))
    watching.start()
    try:
        title = choose_another(until(page / "page.json")["address"], lambda: is_used(page / "page.json"))
        now = json.loads((reel / "result.json").read_text())
    finally:
        (page / "cancel").touch()
        watching.join(60)
    titles = [[clip["title"] for clip in result["clips"]] for result in (before, now)]
    assert (title in titles[0], title in titles[1]) == (False, True)
    assert before["total_price"] != now["total_price"]
    assert all(Path(clip["file"]).is_file() for clip in now["clips"])

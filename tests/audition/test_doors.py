"""The page's server: who is let in, and that nothing but the job's own media goes out."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.audition import web as web_module
from avm_otio.audition.doors import Doors
from avm_otio.audition.server import Sharing
from avm_otio.audition.session import Session
from avm_otio.audition.web import Web
from avm_otio.errors import InputError, UsageError
from avm_otio.jobs import choices, pipeline
from avm_otio.jobs.watch.protocol import CountedResult
from avm_otio.report import Silent
from tests.audition.cut import BITE, scored

HOST = "127.0.0.1:8911"
HOSTS = (HOST, "localhost:8911")
OURS = {
    "host": HOST,
    "origin": f"http://{HOST}",
    "content-type": "application/json",
    "sec-fetch-site": "same-origin",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scored(tmp_path_factory.mktemp("audition"), 2, music=False)


class Browser:
    """Asks an app, and keeps its cookie."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.cookie = ""

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        sent = {"host": HOST} | ({"cookie": self.cookie} if self.cookie else {}) | (headers or {})
        name, _, query = path.partition("?")
        pairs = [tuple(text.encode("latin-1", "replace") for text in pair) for pair in sent.items()]
        scope = {
            "type": "http",
            "method": method,
            "path": name,
            "raw_path": name.encode("utf-8", "replace"),
            "query_string": query.encode("utf-8", "replace"),
            "http_version": "1.1",
            "scheme": "http",
            "root_path": "",
            "headers": pairs,
            "client": ("127.0.0.1", 5),
            "server": ("127.0.0.1", 8911),
        }
        messages: list[Any] = []
        sent_all = False

        async def receive() -> Any:
            nonlocal sent_all
            if sent_all:  # it stays connected until it is answered
                await asyncio.Event().wait()
            sent_all = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        asyncio.run(self.app(scope, receive, send))
        found = {key.decode(): value.decode() for key, value in messages[0].get("headers", ())}
        if "set-cookie" in found:
            self.cookie = found["set-cookie"].partition(";")[0]
        return messages[0]["status"], found, b"".join(each.get("body", b"") for each in messages[1:])


@pytest.fixture
def session(made: Path, tmp_path: Path) -> Iterator[Session]:
    folder = tmp_path / "work"
    shutil.copytree(made, folder)
    found = Session(folder / "out.otio", None, Silent())
    yield found
    found.close()


@pytest.fixture
def doors(session: Session) -> Doors:
    web = Web(session, 1.0, lambda: None)
    web._begun = True  # nothing beside the answers
    return Doors(web.app(), HOSTS)


@pytest.fixture
def inside(doors: Doors) -> Browser:
    browser = Browser(doors)
    assert browser.ask("GET", f"/enter?token={doors.token}")[0] == 200
    return browser


def test_the_address_is_of_use_once_and_gives_a_cookie_that_scripts_cannot_read(doors: Doors) -> None:
    address = f"/enter?token={doors.token}"
    assert Browser(doors).ask("GET", "/")[0] == 403
    assert Browser(doors).ask("GET", "/enter?token=guessed")[0] == 403
    first = Browser(doors)
    status, headers, _ = first.ask("GET", address)
    assert status == 200
    parts = {part.strip() for part in headers["set-cookie"].split(";")}
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= parts
    assert first.ask("GET", "/")[0] == 200
    second = Browser(doors)
    assert second.ask("GET", address)[0] == 403
    assert second.ask("GET", "/")[0] == 403


@pytest.mark.parametrize("path", ["/", "/api/session", "/film", "/sound/own/0", "/page/main.js", "/nothing"])
@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:8911"},
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1:80"},
        {"host": ""},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"},
    ],
)
def test_another_host_or_origin_is_refused_whatever_it_holds(
    inside: Browser, path: str, headers: dict[str, str]
) -> None:
    assert inside.ask("GET", path, headers)[0] in (403, 421)


@pytest.mark.parametrize(
    "headers",
    [
        {name: value for name, value in OURS.items() if name != "origin"},
        OURS | {"origin": "http://localhost:8911"},
        OURS | {"content-type": "text/plain"},
        OURS | {"content-type": "application/x-www-form-urlencoded"},
        OURS | {"sec-fetch-site": "cross-site"},
        OURS | {"cookie": "avm-8911=guessed"},
    ],
)
def test_only_the_page_itself_changes_anything(
    inside: Browser, session: Session, headers: dict[str, str]
) -> None:
    body = json.dumps({"cue": "effects 1", "gain_db": -3}).encode()
    assert inside.ask("POST", "/api/choose", headers, body)[0] in (403, 415)
    assert choices.kept(session.job).revision == 0
    assert inside.ask("POST", "/api/choose", OURS, body)[0] == 200
    assert choices.kept(session.job).choices.cues["effects 1"].gain_db == -3.0


def test_every_answer_has_a_policy_that_lets_no_script_in(inside: Browser) -> None:
    for path in ("/", "/api/session", "/nothing", "/page/main.js"):
        _, headers, _ = inside.ask("GET", path)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_a_title_is_json_and_never_a_page(inside: Browser) -> None:
    status, headers, body = inside.ask("GET", "/api/session")
    assert (status, headers["content-type"]) == (200, "application/json")
    document = json.loads(body)
    assert document["cues"][0]["items"][1]["title"] == BITE
    assert [cue["start"] for cue in document["cues"]] == [0.5, 1.25]
    assert (document["frames"], document["start_frame"], document["has_film"]) == (50, 90_000, True)
    assert str(Path.home()) not in body.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/page/../server.py",
        "/page/..%2fserver.py",
        "/page//etc/passwd",
        "/page/main.js/",
        "/film/..",
        "/sound/../0",
        "/sound/own/-1",
        "/sound/own/99999999999999999999",
        "/sound/s1/0",
        "/peaks/..",
        "/thumb/-1",
        "/thumb/99999999999999",
        "/job.json",
        "/media/11",
    ],
)
def test_nothing_is_served_by_a_path_that_somebody_sends(inside: Browser, path: str) -> None:
    assert inside.ask("GET", path)[0] == 404


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(
    ["cue", "item", "gain_db", "nudge_frames", "leave_out", "note", "reset", "music_gain_db", "mix", "x"]
)
asked = st.dictionaries(names, anything | st.sampled_from(["effects 1", "standard", 12]), max_size=4)


def test_whatever_is_asked_is_answered_or_refused_and_never_fails(doors: Doors, session: Session) -> None:
    inside = Browser(doors)
    inside.ask("GET", f"/enter?token={doors.token}")

    @given(asked.map(lambda document: json.dumps(document).encode()) | st.binary(max_size=40))
    def law(body: bytes) -> None:
        status, _, answer = inside.ask("POST", "/api/choose", OURS, body)
        assert status in (200, 400), answer
        assert json.loads(answer)

    law()
    choices.kept(session.job)  # and can be read


def test_a_body_without_end_is_not_read_to_it(inside: Browser) -> None:
    assert inside.ask("POST", "/api/choose", OURS, b"[" * 100_000)[0] == 400


def test_sounds_and_pictures_come_by_their_id(inside: Browser, session: Session) -> None:
    session.prepare()
    document = json.loads(inside.ask("GET", "/api/session")[2])
    assert document["is_ready"], document["failure"]
    segment = document["cues"][0]["items"][1]["segments"][0]
    status, headers, data = inside.ask("GET", f"/sound/{segment['sound']}/0")
    assert (status, headers["content-type"], len(data)) == (200, "application/octet-stream", 5 * 48_000 * 8)
    assert len(inside.ask("GET", "/sound/own/0")[2]) == 2 * 48_000 * 8
    assert inside.ask("GET", "/sound/own/1")[0] == 404
    assert inside.ask("GET", f"/peaks/{segment['sound']}")[0] == 200
    assert inside.ask("GET", "/thumb/1")[2][:2] == b"\xff\xd8"
    status, _, part = inside.ask("GET", "/film", {"range": "bytes=0-99"})
    assert (status, len(part)) == (206, 100)


SHARED = "a-token-that-was-stated-1"


def test_a_shared_page_is_entered_by_all_who_have_its_token_and_by_no_other_name(session: Session) -> None:
    doors = Doors(Web(session, 1.0, lambda: None).app(), (HOST,), SHARED)
    for _ in range(2):
        browser = Browser(doors)
        assert browser.ask("GET", f"/enter?token={SHARED}")[0] == 200
        assert browser.ask("GET", "/page/main.js")[0] == 200
        for host in ("localhost:8911", "0.0.0.0:8911", "evil.example:8911"):
            assert browser.ask("GET", "/page/main.js", {"host": host})[0] == 421
        assert browser.ask("GET", "/page/main.js", {"origin": "http://evil.example"})[0] == 403
        assert browser.ask("POST", "/api/choose", {"content-type": "application/json"}, b"{}")[0] == 403
    stranger = Browser(doors)
    for wrong in ("", "guessed", SHARED[:-1], SHARED + "1"):
        assert stranger.ask("GET", f"/enter?token={wrong}")[0] == 403
    assert stranger.ask("GET", "/page/main.js")[0] == 403


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "::", "127.0.0.1", "::1", "224.0.0.1", "localhost", "house", ""]
)
def test_a_page_is_shared_at_one_stated_address_alone(address: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(SHARED)
    with pytest.raises(UsageError, match="cannot be shared at"):
        Sharing.read(address, tmp_path / "token")


@pytest.mark.parametrize(
    "token", ["", "short", "with a blank in the middle of it", "ümlaut-ümlaut-ümlaut", "x" * 201]
)
def test_a_page_is_shared_with_a_token_that_nobody_guesses(token: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(token, encoding="utf-8")
    with pytest.raises(InputError, match="token"):
        Sharing.read("192.168.1.20", tmp_path / "token")
    with pytest.raises(UsageError, match="with a token"):
        Sharing.read("192.168.1.20", None)


def test_what_is_shared_is_said(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SHARED}\n")
    sharing = Sharing.read("192.168.1.20", tmp_path / "token")
    assert sharing == Sharing("192.168.1.20", SHARED)
    words = sharing.exposes("out.otio")
    assert all(word in words for word in ("film", "library", "prices", "out.otio", "not encrypted"))
    assert SHARED not in words


class Heard(Silent):
    """Keeps what is reported."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, Any]] = {}

    def event(self, name: str, /, **fields: Any) -> None:
        self.events[name] = fields


def test_who_serves_the_page_for_somebody_else_hears_what_its_timeline_holds_now(session: Session) -> None:
    heard = Heard()
    web = Web(session, 1.0, lambda: None, heard)
    web._begun = True  # nothing beside the answers
    doors = Doors(web.app(), HOSTS)
    browser = Browser(doors)
    browser.ask("GET", f"/enter?token={doors.token}")
    asked = json.dumps({"cue": session.document()["cues"][0]["name"], "item": 13}).encode()
    assert browser.ask("POST", "/api/choose", OURS, asked)[0] == 200
    assert "updated" not in heard.events
    assert browser.ask("POST", "/api/update", OURS, b"{}")[0] == 200
    result = CountedResult.model_validate(heard.events["updated"]["result"])
    assert "Door 敲門" in [clip.title for clip in result.clips]
    assert Path(result.output) == session.place


def test_what_is_chosen_while_the_timeline_is_written_is_kept_and_written_by_the_next(
    inside: Browser, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (cue["name"] for cue in session.document()["cues"])
    write = pipeline.written_again

    def slowly(*asked: Any) -> Any:
        written = write(*asked)
        body = json.dumps({"cue": second, "gain_db": -5}).encode()
        assert inside.ask("POST", "/api/choose", OURS, body)[0] == 200
        return written

    assert inside.ask("POST", "/api/choose", OURS, json.dumps({"cue": first, "item": 13}).encode())[0] == 200
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "written_again", slowly)
        status, _, body = inside.ask("POST", "/api/update", OURS, b"{}")
    assert status == 200
    assert not json.loads(body)["totals"]["is_written"]
    assert choices.kept(session.job).choices.cues[second].gain_db == -5
    assert json.loads(inside.ask("POST", "/api/update", OURS, b"{}")[2])["totals"]["is_written"]


def test_alternatives_are_laid_once_the_page_has_had_time_for_its_picture(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    monkeypatch.setattr(web_module, "_FIRST_FRAME_S", 0.05)
    monkeypatch.setattr(Session, "prepare", lambda self: steps.append("laid"))

    async def opened() -> None:
        web = Web(session, 1.0, lambda: None)
        app = web.app()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as page:
            assert (await page.get("/api/session")).status_code == 200
            await asyncio.sleep(0.2)
            steps.append("asks for the film")
            assert (await page.get("/film", headers={"range": "bytes=0-99"})).status_code == 206
            for _ in range(200):
                if "laid" in steps:
                    break
                await asyncio.sleep(0.02)
        for task in web._work:
            task.cancel()

    asyncio.run(opened())
    assert steps == ["asks for the film", "laid"]

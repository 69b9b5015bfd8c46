"""``avm-otio mcp`` as an agent meets it: the protocol's official client, every tool, over stdio."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio.from_thread
import pytest
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult

from avm_otio.agents.tools import TOOLS
from avm_otio.cli.main import run
from tests.cli.cuts import RATE, TOKEN, save
from tests.loopback_http import says
from tests.media.numbered import movie
from tests.scored import write_sound
from tests.scripted_service import FILM_ID, ScriptedService, effect, film_service, result_of, sound

LICENCE = {"license_range": [1], "license_duration": 2, "license_platforms": [3]}


class Agent:
    """The official client, with a server of its own."""

    def __init__(self, portal: Any, client: Client) -> None:
        self._portal, self._client = portal, client
        self.progress: list[tuple[float, str]] = []

    def tools(self) -> dict[str, Any]:
        return {tool.name: tool for tool in self._portal.call(self._client.list_tools).tools}

    def result(self, name: str, **given: Any) -> CallToolResult:
        async def follow(progress: float, total: float | None, message: str | None) -> None:
            self.progress.append((progress, message or ""))

        async def called() -> CallToolResult:
            return await self._client.call_tool(name, given, progress_callback=follow)

        found: CallToolResult = self._portal.call(called)
        assert TOKEN not in found.model_dump_json()
        return found

    def __call__(self, name: str, **given: Any) -> dict[str, Any]:
        found = self.result(name, **given)
        assert not found.is_error, found.content
        (block,) = found.content
        assert json.loads(block.text) == found.structured_content
        answer: dict[str, Any] = found.structured_content
        return answer

    def refused(self, name: str, **given: Any) -> str:
        found = self.result(name, **given)
        assert found.is_error
        (block,) = found.content
        words: str = block.text
        assert "Traceback" not in words
        return words


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of film, and a library of one sound."""
    folder = tmp_path_factory.mktemp("films")
    save(folder / "cut.otio", movie(folder / "a.mp4", 96, RATE, size=(64, 36)))
    save(folder / "new.otio", folder / "a.mp4", start=30, frames=40)
    (folder / "library").mkdir()
    write_sound(folder / "library" / "door slam.wav", 0.5)
    return folder


@pytest.fixture(scope="module")
def service() -> Iterator[ScriptedService]:
    with film_service(result_of()) as found:
        bed = {"id": 7, "price": 10.0, "url": f"{found.url}/items/7", "title": "Bed"}
        found.result = result_of(effect(found.url), musics=[bed])
        found.files = {f"/items/{number}": sound() for number in (1, 7)} | {"/bought/7": sound()}
        bought = bed | {"is_bought": True, "url": f"{found.url}/bought/7"}
        film = {"id": FILM_ID, "type": "normal_film", "recommended_musics": [bought]}
        found.instead[f"GET /film/{FILM_ID}/"] = says(film | {"sound_effects": [effect(found.url)]})
        yield found


@pytest.fixture(scope="module")
def agent(
    folder: Path, service: ScriptedService, shared_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Agent]:
    home = tmp_path_factory.mktemp("home")
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "avm_otio", "mcp", "--root", str(folder)],
        cwd=home,
        env={
            "HOME": str(home),
            "AVM_CONFIG_DIR": str(home / "config"),
            "AVM_CACHE_DIR": str(shared_cache),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "AVM_SERVICE": service.url,
            "AVM_TOKEN": TOKEN,
        },
    )
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Client(server)) as client,
    ):
        yield Agent(portal, client)


@pytest.fixture(scope="module")
def scored(agent: Agent, service: ScriptedService) -> dict[str, Any]:
    """The cut, scored by the service: shown, confirmed, paid for once."""
    asked = {"timeline": "cut.otio", "output": "scored.otio", **LICENCE}
    shown = agent("score_dry_run", **asked)
    assert (shown["analyses"], shown["is_free"], shown["sends_film"]) == (1, False, True)
    assert service.calls("POST") == []
    made = agent("score", **asked, confirm_paid_call=True, confirmation=shown["confirmation"])
    assert [path for path in service.calls("POST") if "service" in path] == [f"/film/{FILM_ID}/service/"]
    return made


def test_every_tool_says_what_it_takes_and_whether_it_writes(agent: Agent) -> None:
    tools = agent.tools()
    assert set(tools) == set(TOOLS)
    for tool in tools.values():
        assert tool.description
        assert tool.input_schema["type"] == "object"
        assert set(tool.input_schema["required"]) <= set(tool.input_schema["properties"])
    read_only = {name for name, tool in tools.items() if tool.annotations.read_only_hint}
    assert read_only == {"score_dry_run", "list_alternatives", "search_library", "cost"}


@pytest.mark.parametrize(
    "confirmed",
    [
        {},
        {"confirm_paid_call": True},
        {"confirm_paid_call": False, "confirmation": "shown"},
        {"confirm_paid_call": True, "confirmation": "invented"},
        {"confirm_paid_call": True, "confirmation": "shown", "services": ["effects"]},
    ],
    ids=["nothing", "no dry run", "not agreed", "invented", "something else was shown"],
)
def test_a_paid_call_that_is_not_confirmed_never_leaves(
    confirmed: dict[str, Any], agent: Agent, service: ScriptedService
) -> None:
    asked = {"timeline": "new.otio", "output": "unpaid.otio", **LICENCE}
    before = len(service.asked)
    if confirmed.get("confirmation") == "shown":
        confirmed = confirmed | {"confirmation": agent("score_dry_run", **asked)["confirmation"]}
    assert "Nothing was sent" in agent.refused("score", **asked, **confirmed)
    assert len(service.asked) == before


def test_a_confirmation_is_of_use_once_and_what_is_paid_for_is_not_paid_again(
    scored: dict[str, Any], agent: Agent, service: ScriptedService
) -> None:
    paid = service.calls("POST")
    asked = {"timeline": "cut.otio", "output": "scored.otio", **LICENCE}
    assert agent("score_dry_run", **asked)["confirmation"] is None
    assert agent("score", **asked)["is_recalled"]
    assert service.calls("POST") == paid
    again = asked | {"again": True, "output": "again.otio"}
    code = agent("score_dry_run", **again)["confirmation"]
    (service.result, kept) = (result_of(), service.result)
    try:
        agent.result("score", **again, confirm_paid_call=True, confirmation=code)
        paid = service.calls("POST")
        assert "was used before" in agent.refused("score", **again, confirm_paid_call=True, confirmation=code)
    finally:
        service.result = kept
    assert service.calls("POST") == paid


def test_scoring_answers_with_clips_and_reports_progress(
    scored: dict[str, Any], agent: Agent, folder: Path
) -> None:
    assert scored["output"] == str(folder / "scored.otio")
    assert {clip["title"] for clip in scored["clips"]} == {"Bed", "S-1"}
    assert scored["total_price"] == "12.5"
    values = [progress for progress, _ in agent.progress]
    assert values
    assert any("film" in message for _, message in agent.progress)


def test_alternatives_are_listed_and_one_is_chosen(scored: dict[str, Any], agent: Agent) -> None:
    found = agent("list_alternatives", scored="scored.otio")
    assert [[item["id"] for item in cue["items"]] for cue in found["listed"]] == [[7], [1]]
    assert agent("list_alternatives", scored="scored.otio", most=1)["more_from_cue"] == 2
    chosen = agent("choose", scored="scored.otio", cue=2, gain_db=-3, note="softer")
    assert (chosen["cue"]["gain_db"], chosen["is_written"]) == (-3, False)
    written = agent("choose", scored="scored.otio", update=True)
    assert written["is_written"]
    assert agent("choose", scored="scored.otio", reset=True, update=True)["is_written"]


def test_the_library_is_searched(agent: Agent, folder: Path) -> None:
    found = agent("search_library", words="door", library="library")["sounds"]
    assert [sound["file"] for sound in found] == [str(folder / "library" / "door slam.wav")]
    assert agent("search_library", like="library/door slam.wav", library="library")["sounds"] == []
    assert "Say what you look for." in agent.refused("search_library", library="library")


def test_the_cost_is_added_up_and_refused_above_a_limit(scored: dict[str, Any], agent: Agent) -> None:
    found = agent("cost", scored=["scored.otio"])
    assert found["totals"] == {"USD": {"price": "12.5", "unread": []}}
    assert "more than --max-cost 5" in agent.refused("cost", scored=["scored.otio"], max_cost="5")


def test_a_soundtrack_follows_into_a_changed_cut(scored: dict[str, Any], agent: Agent, folder: Path) -> None:
    made = agent("conform", scored="scored.otio", new_cut="new.otio", output="conformed.otio")
    assert all(Path(path).is_file() for path in made["written"])
    assert {row["kind"] for row in made["changes"]} >= {"shot", "effects"}


def test_a_cue_sheet_is_written(scored: dict[str, Any], agent: Agent, folder: Path) -> None:
    made = agent(
        "cue_sheet", scored=["scored.otio"], output="cues.csv", production="My Film", credits="c.txt"
    )
    assert [row["title"] for row in made["cues"]] == ["Bed"]
    assert made["written"] == [str(folder / "cues.csv"), str(folder / "c.txt")]
    assert "csv" in agent.refused("cue_sheet", scored=["scored.otio"], output="cues.doc")


def test_a_cue_sheet_never_takes_the_place_of_what_is_read(
    scored: dict[str, Any], agent: Agent, folder: Path
) -> None:
    (folder / "rights.csv").write_text("item,title\n")
    (folder / "twin.txt").hardlink_to(folder / "scored.otio")
    (folder / "twin.csv").symlink_to("scored.otio")
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    for given in (
        {"output": "rights.csv", "rights": "rights.csv"},
        {"output": "twin.csv"},
        {"output": "new.csv", "credits": "scored.otio"},
        {"output": "new.csv", "credits": "twin.txt"},
        {"output": "new.csv", "credits": "cut.otio"},
    ):
        agent.refused("cue_sheet", scored=["scored.otio"], **given)
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    for name in ("twin.txt", "twin.csv"):
        (folder / name).unlink()


def test_licensed_files_take_the_place_of_previews(
    scored: dict[str, Any], agent: Agent, service: ScriptedService
) -> None:
    paid = service.calls("POST")
    made = agent("relink", scored="scored.otio", output="licensed.otio")
    assert {item["id"]: item["state"] for item in made["items"]} == {7: "relinked", 1: "not bought"}
    assert service.calls("POST") == paid


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("score_dry_run", {"timeline": "cut.otio", "output": "{out}/scored.otio"}),
        ("score", {"timeline": "{out}/cut.otio", "output": "scored.otio"}),
        ("score", {"timeline": "cut.otio", "output": "../scored.otio", "service": "local"}),
        ("score", {"timeline": "cut.otio", "output": "s.otio", "service": "local", "jobs_dir": "{out}"}),
        ("score", {"timeline": "cut.otio", "output": "s.otio", "service": "local", "library": "{out}"}),
        ("score", {"timeline": "cut.otio", "output": "link/s.otio", "service": "local"}),
        (
            "score",
            {"timeline": "cut.otio", "output": "s.otio", "service": "local", "ref_music": "{out}/a.wav"},
        ),
        ("score_dry_run", {"timeline": "cut.otio", "output": "s.otio", "ref_music": "../a.wav"}),
        ("list_alternatives", {"scored": "{out}"}),
        ("choose", {"scored": "{out}", "reset": True}),
        ("choose", {"scored": "cut.otio", "cue": 1, "sound": "{out}"}),
        ("search_library", {"words": "door", "library": "{out}"}),
        ("cost", {"scored": ["{out}"]}),
        ("conform", {"scored": "cut.otio", "new_cut": "cut.otio", "output": "{out}/a.otio"}),
        ("cue_sheet", {"scored": ["cut.otio"], "output": "{out}/a.csv"}),
        ("cue_sheet", {"scored": ["cut.otio"], "output": "a.csv", "credits": "{out}/c.txt"}),
        ("relink", {"scored": "cut.otio", "output": "{out}/a.otio"}),
    ],
)
def test_nothing_is_read_or_written_outside_of_the_roots(
    name: str, given: dict[str, Any], agent: Agent, folder: Path, tmp_path: Path
) -> None:
    link = folder / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(tmp_path, target_is_directory=True)

    def placed(value: Any) -> Any:
        if isinstance(value, list):
            return list(map(placed, value))
        return value.format(out=tmp_path) if isinstance(value, str) else value

    words = agent.refused(name, **{key: placed(value) for key, value in given.items()})
    assert "outside the folders that agents may use" in words
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("scor", {}, "Did you mean score?"),
        ("score", {"timeline": "cut.otio", "outputs": "s.otio"}, "Did you mean “output”?"),
        ("score", {"timeline": "cut.otio"}, "“output” is missing."),
        ("score", {"timeline": "cut.otio", "output": 3}, "“output” must be text."),
        ("score", {"timeline": "no.otio", "output": "s.otio"}, "no.otio"),
        ("score", {"timeline": "cut.otio", "output": "cut.otio"}, "is the timeline itself"),
        ("score", {"timeline": "cut.otio", "output": "s.otio", "mix": "loud"}, "“mix” must be"),
        (
            "score",
            {"timeline": "cut.otio", "output": "s.otio", "service": "https://x.example"},
            "not the one",
        ),
        (
            "score",
            {"timeline": "cut.otio", "output": "s.otio", "notify_url": "http://x.example"},
            "no argument",
        ),
        ("cost", {"scored": ["no.otio"]}, "There is no "),
        ("choose", {"scored": "cut.otio", "mix": "string"}, "Did you mean “strong”?"),
        ("choose", {"scored": "cut.otio", "cue": 1, "sound": "~nosuch/x"}, "begins with ~"),
        ("search_library", {"like": "~nosuch/x"}, "begins with ~"),
        ("score", {"timeline": "cut.otio", "output": "s.otio", "ref_music": "~/secret.wav"}, "begins with ~"),
        ("score", {"timeline": "~/cut.otio", "output": "s.otio"}, "begins with ~"),
        ("choose", {"scored": "cut.otio", "overwrite": True}, "“overwrite” goes with “update”."),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    name: str, given: dict[str, Any], words: str, agent: Agent
) -> None:
    assert words in agent.refused(name, **given)


def test_the_engine_on_this_machine_needs_no_confirmation(agent: Agent, service: ScriptedService) -> None:
    asked: dict[str, Any] = {"timeline": "cut.otio", "output": "own.otio", "service": "local"}
    asked |= {"library": "library", "services": ["effects"]}
    before = len(service.asked)
    shown = agent("score_dry_run", **asked)
    assert (shown["is_free"], shown["confirmation"], shown["analyses"]) == (True, None, 0)
    assert agent("score", **asked)["output"].endswith("own.otio")
    assert len(service.asked) == before


def test_without_the_package_the_way_to_it_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server.lowlevel", None)
    assert run(["mcp"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "pip install 'avm-otio[mcp]'" in captured.err


def test_a_root_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["mcp", "--root", str(tmp_path / "none")]) == 2
    assert "There is no folder" in capsys.readouterr().err

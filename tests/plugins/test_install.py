"""``plugin install`` puts menu actions where editors look, and ``uninstall`` leaves nothing behind."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from avm_otio import __version__, hosts
from avm_otio.cli.main import run
from avm_otio.hosts import installed

RESOLVE = "Fusion/Scripts/Utility/AVM Score.lua"
PLACES = {
    ("windows", "resolve"): f"AppData/Roaming/Blackmagic Design/DaVinci Resolve/Support/{RESOLVE}",
    ("macos", "resolve"): f"Library/Application Support/Blackmagic Design/DaVinci Resolve/{RESOLVE}",
    ("linux", "resolve"): f".local/share/DaVinciResolve/{RESOLVE}",
    ("windows", "blender"): "AppData/Roaming/Blender Foundation/Blender/5.0/extensions/user_default/avm_otio/"
    "blender_manifest.toml",
    ("macos", "blender"): "Library/Application Support/Blender/5.0/extensions/user_default/avm_otio/"
    "blender_manifest.toml",
    ("linux", "blender"): ".config/blender/5.0/extensions/user_default/avm_otio/blender_manifest.toml",
    ("windows", "premiere"): "AppData/Roaming/Adobe/UXP/Plugins/External/"
    f"com.avm-otio.premiere_{__version__}/manifest.json",
    ("macos", "premiere"): "Library/Application Support/Adobe/UXP/Plugins/External/"
    f"com.avm-otio.premiere_{__version__}/manifest.json",
}
Tree = dict[str, str]


def tree(folder: Path) -> Tree:
    """Every file and folder, and what is in it."""
    return {
        str(path.relative_to(folder)): "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
    }


FILES = {
    "resolve": ("AVM Score.lua", "AVM Import Last Job.lua"),
    "premiere": (
        "dist/manifest.json",
        "dist/index.html",
        "dist/icons/dark.png",
        "src/main.ts",
        "package.json",
    ),
    "blender": ("blender_manifest.toml", "__init__.py", "parts/menu.py", "tests/test_menu.py", "README.md"),
}


MANIFEST = json.dumps(
    {
        "id": "com.avm-otio.premiere",
        "name": "AVM Score",
        "version": __version__,
        "host": {"app": "premierepro", "minVersion": "25.6.0"},
    }
)


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plugins as they lie in a checkout: what a host needs, and how it is made."""
    for host, names in FILES.items():
        for name in names:
            path = tmp_path / "plugins" / host / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(MANIFEST if name == "dist/manifest.json" else name)
    monkeypatch.setattr(installed, "ROOTS", (tmp_path / "not built", tmp_path / "plugins"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home of somebody."""
    made = tmp_path / "home of somebody"
    made.mkdir()
    return made


@pytest.fixture
def plugin(home: Path) -> Callable[..., int]:
    def call(verb: str, *more: str) -> int:
        return run(["plugin", verb, *more, "--home", str(home)])

    return call


def settings_in(home: Path, host: str) -> dict[str, Any]:
    (path,) = home.rglob(hosts.HOSTS[host].settings)
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.mark.parametrize(("system", "host"), PLACES)
def test_it_lies_where_the_editor_looks_and_leaves_no_trace(
    home: Path, plugin: Callable[..., int], system: str, host: str
) -> None:
    assert plugin("install", host, "--os", system) == 0
    assert (home / PLACES[system, host]).is_file()
    assert plugin("uninstall", host, "--os", system) == 0
    assert tree(home) == {}


@pytest.mark.parametrize("system", [str(each) for each in hosts.System])
def test_where_no_editor_is_named_all_of_the_system_are_meant(
    home: Path, plugin: Callable[..., int], system: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plugin("install", "--os", system) == 0
    there = {name for name, host in hosts.HOSTS.items() if list(home.rglob(host.settings))}
    assert there >= {"resolve", "blender"}
    assert ("Premiere Pro does not run on Linux" in "".join(capsys.readouterr())) == (system == "linux")
    assert plugin("uninstall", "--os", system) == 0
    assert tree(home) == {}


@pytest.mark.parametrize(("system", "host"), PLACES)
def test_what_was_there_before_is_there_afterwards_byte_for_byte(
    home: Path, plugin: Callable[..., int], system: str, host: str
) -> None:
    folder = (home / PLACES[system, host]).parent
    folder.mkdir(parents=True)
    (folder / "another.lua").write_bytes(b"-- not ours\r\n")
    (home / "AVM Scoring").mkdir()
    before = tree(home)
    assert plugin("install", host, "--os", system) == 0
    assert tree(home) != before
    assert plugin("uninstall", host, "--os", system) == 0
    assert tree(home) == before


@pytest.mark.parametrize("order", list(permutations(("resolve", "premiere", "blender"))))
def test_whichever_is_taken_away_last_leaves_no_folder_behind(
    home: Path, plugin: Callable[..., int], order: tuple[str, ...]
) -> None:
    where = ("--os", "macos")
    plugin("install", *where)
    plugin("install", order[-1], *where)  # again
    for host in order:
        assert plugin("uninstall", host, *where) == 0
    assert tree(home) == {}


ADOBE = {"windows": "AppData/Roaming/Adobe/UXP", "macos": "Library/Application Support/Adobe/UXP"}
THEIRS = {"pluginId": "of.another", "path": "$localPlugins/External/of.another_1.0.0", "status": "enabled"}


@pytest.mark.parametrize(("system", "between"), [("windows", "\\"), ("macos", "/")])
@pytest.mark.parametrize(
    "before",
    [None, b'{"plugins":[]}', json.dumps({"plugins": [THEIRS], "x": "\u00e9"}, indent=3).encode() + b"\r\n"],
)
def test_premiere_finds_the_panel_in_its_list_which_is_afterwards_as_before(
    home: Path, plugin: Callable[..., int], system: str, between: str, before: bytes | None
) -> None:
    path = home / ADOBE[system] / "PluginsInfo/v1/premierepro.json"
    if before is not None:
        path.parent.mkdir(parents=True)
        path.write_bytes(before)
    was = tree(home)
    for _ in range(2):
        assert plugin("install", "premiere", "--os", system) == 0
    *others, ours = json.loads(path.read_bytes())["plugins"]
    assert others == (json.loads(before)["plugins"] if before else [])
    assert ours == {
        "hostMinVersion": "25.6.0",
        "name": "AVM Score",
        "path": between.join(("$localPlugins", "External", f"com.avm-otio.premiere_{__version__}")),
        "pluginId": "com.avm-otio.premiere",
        "status": "enabled",
        "type": "uxp",
        "versionString": __version__,
    }
    assert plugin("uninstall", "premiere", "--os", system) == 0
    assert tree(home) == was


def test_what_others_wrote_into_premieres_list_since_stays(
    home: Path, plugin: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / ADOBE["macos"] / "PluginsInfo/v1/premierepro.json"
    plugin("install", "premiere", "--os", "macos")
    listed = json.loads(path.read_bytes())
    path.write_text(json.dumps(listed | {"plugins": [THEIRS, *listed["plugins"]]}))
    capsys.readouterr()
    plugin("status", "premiere", "--os", "macos")
    assert "does not list it" not in capsys.readouterr().out
    plugin("uninstall", "premiere", "--os", "macos")
    assert json.loads(path.read_bytes()) == {"plugins": [THEIRS]}


def test_a_panel_that_premiere_has_dropped_from_its_list_is_told(
    home: Path, plugin: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    plugin("install", "premiere", "--os", "macos")
    (home / ADOBE["macos"] / "PluginsInfo/v1/premierepro.json").write_text('{"plugins":[]}')
    plugin("status", "premiere", "--os", "macos")
    assert (
        "premierepro.json does not list it; run: avm-otio plugin install premiere" in capsys.readouterr().out
    )


@pytest.mark.parametrize("content", [b"", b"[]", b'{"plugins": 3}', b"\xff\xfe{", b'{"plugins": ["x"]}'])
def test_a_list_of_premieres_that_cannot_be_read_is_left_alone(
    home: Path, plugin: Callable[..., int], content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / ADOBE["windows"] / "PluginsInfo/v1/premierepro.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    was = tree(home)
    assert plugin("install", "premiere", "--os", "windows") == 1
    assert "premierepro.json is not a list of plugins" in capsys.readouterr().err
    assert tree(home) == was


def test_a_panel_of_an_older_version_makes_room_for_the_newer(
    home: Path,
    plugin: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("avm_otio.hosts.installed.__version__", "0.0.9")
        earlier.setattr("avm_otio.hosts.table.__version__", "0.0.9")
        plugin("install", "premiere", "--os", "macos")
    plugin("status", "premiere", "--os", "macos")
    assert "installed by avm-otio 0.0.9, but this is" in capsys.readouterr().out
    plugin("install", "premiere", "--os", "macos")
    assert [path.name for path in (home / ADOBE["macos"] / "Plugins/External").iterdir()] == [
        f"com.avm-otio.premiere_{__version__}"
    ]
    plugin("uninstall", "premiere", "--os", "macos")
    assert tree(home) == {}


def test_only_what_the_editor_needs_is_put_there(home: Path, plugin: Callable[..., int]) -> None:
    assert plugin("install", "--os", "macos") == 0
    ours = {path.name for path in home.rglob("*") if path.is_file()}
    assert ours == {
        *("AVM Score.lua", "AVM Import Last Job.lua", "AVM Score.json", "AVM Score.settings"),
        *("manifest.json", "index.html", "dark.png", "avm_settings.json", "premierepro.json"),
        *("blender_manifest.toml", "__init__.py", "menu.py"),
    }


def test_an_installation_without_the_plugin_says_so(
    home: Path,
    plugin: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(installed, "ROOTS", (tmp_path / "not built",))
    assert plugin("install", "resolve", "--os", "linux") == 3
    assert "is not in this installation" in capsys.readouterr().err
    assert tree(home) == {}


def test_it_can_be_run_again_and_the_last_word_holds(home: Path, plugin: Callable[..., int]) -> None:
    where = ("--os", "linux")
    assert plugin("install", "resolve", *where) == 0
    once = tree(home)
    assert plugin("install", "resolve", *where) == 0
    assert tree(home) == once
    assert plugin("install", "resolve", *where, "--watch-folder", str(home / "elsewhere")) == 0
    assert settings_in(home, "resolve")["watch_folder"] == str(home / "elsewhere")
    assert plugin("uninstall", "resolve", *where) == 0
    assert tree(home) == {}


def test_a_newer_one_takes_the_place_of_an_older_one(home: Path, plugin: Callable[..., int]) -> None:
    plugin("install", "blender", "--os", "linux")
    (path,) = home.rglob("avm_settings.json")
    stale = path.parent / "dropped_since.py"
    stale.write_text("old")
    settings = json.loads(path.read_text())
    settings["files"]["dropped_since.py"] = hashlib.sha256(b"old").hexdigest()
    settings["program_version"] = "0.0.1"
    path.write_text(json.dumps(settings))
    assert plugin("install", "blender", "--os", "linux") == 0
    assert not stale.exists()
    assert settings_in(home, "blender")["program_version"] == __version__


def test_the_plugin_is_told_a_program_that_runs(home: Path, plugin: Callable[..., int]) -> None:
    import subprocess

    plugin("install", "resolve", "--os", "linux")
    settings = settings_in(home, "resolve")
    ran = subprocess.run([*settings["program"], "--version"], capture_output=True, text=True, cwd="/")
    assert __version__ in ran.stdout
    assert Path(settings["watch_folder"]) == home / "AVM Scoring"
    assert Path(settings["watch_folder"]).is_dir()


def test_resolves_scripts_may_read_the_settings_as_lua(home: Path, plugin: Callable[..., int]) -> None:
    from lupa import luajit21

    plugin("install", "resolve", "--os", "windows")
    (path,) = home.rglob("AVM Score.settings")
    in_lua = dict(luajit21.LuaRuntime().execute(path.read_text()))
    in_json = settings_in(home, "resolve")
    assert list(in_lua.pop("program").values()) == in_json["program"]
    assert in_lua == {name: in_json[name] for name in in_lua}
    assert in_lua["watch_folder"] == str(home / "AVM Scoring")


STORE = "Library/Containers/com.blackmagic-design.DaVinciResolveLite/Data"


def test_resolve_of_the_app_store_gets_it_too_with_a_watch_folder_in_its_sandbox(
    home: Path, plugin: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    (home / STORE / "Library/Application Support/Fusion").mkdir(parents=True)
    before = tree(home)
    assert plugin("install", "resolve", "--os", "macos") == 0
    assert (home / PLACES["macos", "resolve"]).is_file()
    folder = home / STORE / "Library/Application Support" / Path(RESOLVE).parent
    settings = json.loads((folder / "AVM Score.json").read_text())
    assert settings["watch_folder"] == str(home / STORE / "AVM Scoring")
    assert settings["starts_programs"] is False
    assert f'leave  avm-otio watch "{settings["watch_folder"]}"  running.' in capsys.readouterr().err
    assert plugin("uninstall", "resolve", "--os", "macos") == 0
    assert tree(home) == before


def test_a_watch_folder_out_of_the_sandbox_is_told(
    home: Path, plugin: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    (home / STORE / "Library/Application Support/Fusion").mkdir(parents=True)
    elsewhere = str(home / "Scoring")
    assert plugin("install", "resolve", "--os", "macos", "--watch-folder", elsewhere) == 0
    assert plugin("status", "resolve", "--os", "macos") == 0
    printed = capsys.readouterr().out
    assert printed.count(f"can only write in {home / STORE}, not in {elsewhere}") == 1


def test_every_blender_that_is_there_gets_it_and_none_that_is_too_old(
    home: Path, plugin: Callable[..., int]
) -> None:
    for version in ("3.6", "4.1", "4.2", "4.10", "5.1", "5.1 backup"):
        (home / ".config/blender" / version).mkdir(parents=True)
    assert plugin("install", "blender", "--os", "linux") == 0
    found = {path.parents[3].name for path in home.rglob("blender_manifest.toml")}
    assert found == {"4.2", "4.10", "5.1"}


def test_requests_that_lie_in_the_watch_folder_are_not_taken_away(
    home: Path, plugin: Callable[..., int]
) -> None:
    plugin("install", "resolve", "--os", "linux")
    (home / "AVM Scoring" / "reel 3").mkdir()
    plugin("uninstall", "resolve", "--os", "linux")
    assert tree(home) == {"AVM Scoring": "", "AVM Scoring/reel 3": ""}


def test_a_file_of_somebody_elses_is_not_written_over(
    home: Path, plugin: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = home / PLACES["linux", "resolve"]
    theirs.parent.mkdir(parents=True)
    theirs.write_text("-- mine")
    before = tree(home)
    assert plugin("install", "resolve", "--os", "linux") == 1
    assert "was not installed by avm-otio" in capsys.readouterr().err
    assert tree(home) == before


def test_settings_that_name_files_elsewhere_take_nothing_away_there(
    home: Path, plugin: Callable[..., int]
) -> None:
    plugin("install", "resolve", "--os", "linux")
    (home / "precious").write_text("mine")
    (path,) = home.rglob("AVM Score.json")
    settings = json.loads(path.read_text())
    settings["files"] |= {str(home / "precious"): "", "../../../../../precious": ""}
    path.write_text(json.dumps(settings))
    plugin("uninstall", "resolve", "--os", "linux")
    assert (home / "precious").read_text() == "mine"


def test_status_tells_what_is_wrong_and_what_to_do(
    home: Path, plugin: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("resolve", "--os", "linux")
    plugin("status", *where)
    assert "not installed (avm-otio plugin install resolve)" in capsys.readouterr().out
    plugin("install", *where)
    (path,) = home.rglob("AVM Score.json")
    capsys.readouterr()
    plugin("status", *where)
    assert len(capsys.readouterr().out.splitlines()) == 1
    settings = json.loads(path.read_text())
    path.write_text(
        json.dumps(
            settings
            | {
                "program": ["/gone/python"],
                "program_version": "0.0.1",
                "watch_folder": str(home / "not there"),
            }
        )
    )
    (path.parent / "AVM Score.lua").write_text("-- changed")
    plugin("status", *where)
    output = capsys.readouterr().out
    for word in ("0.0.1", "/gone/python", str(home / "not there"), "AVM Score.lua"):
        assert word in output
    assert output.count("avm-otio plugin install resolve") >= 4


def test_a_folder_that_may_not_be_written_is_told_and_left_as_it_was(
    home: Path, plugin: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".local").write_text("a file in the way")
    before = tree(home)
    assert plugin("install", "resolve", "--os", "linux") == 1
    assert str(home / ".local") in capsys.readouterr().err
    assert tree(home) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["premiere", "--os", "linux"], "does not run on Linux"),
        (["blender", "--system"], "each user"),
        (["resolve", "blender", "--folder", "x"], "one editor"),
        (["resolv"], "resolve"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(
    plugin: Callable[..., int], arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plugin("install", *arguments) == 2
    assert message in capsys.readouterr().err


def test_what_is_no_longer_shipped_can_still_be_taken_away(
    home: Path, plugin: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plugin("install", "resolve", "--os", "macos") == 0
    monkeypatch.setattr(installed, "ROOTS", (tmp_path / "nothing",))
    assert plugin("install", "resolve", "--os", "macos") != 0
    assert plugin("uninstall", "resolve", "--os", "macos") == 0
    assert tree(home) == {}


def test_doctor_knows_of_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hosts.Place, "here", lambda: hosts.Place(hosts.System.LINUX, home, {}))
    run(["doctor"])
    assert "no menu action for DaVinci Resolve, Blender" in capsys.readouterr().out
    run(["plugin", "install", "resolve"])
    (home / "AVM Scoring").rmdir()
    capsys.readouterr()
    run(["doctor"])
    output = capsys.readouterr().out
    assert "plugin for DaVinci Resolve" in output
    assert f"its watch folder {home / 'AVM Scoring'} does not exist" in output


def test_a_built_package_carries_the_plugin_of_every_editor() -> None:
    root = Path(__file__).parents[2]
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    carried = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    for name in hosts.HOSTS:
        built = root / "plugins" / name / "dist"
        source = built if built.is_dir() else built.parent
        target = f"avm_otio/plugin_files/{name}{'/dist' if built.is_dir() else ''}"
        assert carried[source.relative_to(root).as_posix()] == target

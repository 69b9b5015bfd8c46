"""The panel for Premiere Pro: checked against Adobe's declarations, built, and driven in a real browser.

What it does is tested in its own language (``plugins/premiere/test``); these tests run those.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from filelock import FileLock

from avm_otio import hosts
from avm_otio.services import service_names
from tests.media.numbered import movie

ROOT = Path(__file__).parents[2]
PANEL = ROOT / "plugins" / "premiere"
TICKS = 254_016_000_000


def run(*command: str | Path, cwd: Path = PANEL) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def modules() -> Path:
    """What the panel is built with; got once."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not here (apt install nodejs npm)")
    made = PANEL / "node_modules"
    with FileLock(ROOT / ".node_modules.lock"):
        if not (made / ".package-lock.json").is_file():
            got = run("npm", "ci", "--no-audit", "--no-fund")
            if got.returncode:
                pytest.skip(f"npm could not get what the panel is built with: {got.stderr[-300:]}")
    return made


@pytest.fixture
def panel(modules: Path, tmp_path: Path) -> Path:
    """A copy of the panel's source, to be built in."""
    copy = tmp_path / "premiere"
    shutil.copytree(PANEL, copy, ignore=shutil.ignore_patterns("node_modules", ".tests", "dist"))
    (copy / "node_modules").symlink_to(modules)
    return copy


def test_its_manifest_says_what_the_program_says() -> None:
    manifest = json.loads((PANEL / "manifest.json").read_text())
    package = json.loads((PANEL / "package.json").read_text())
    assert manifest["version"] == package["version"]
    assert manifest["manifestVersion"] == 5
    assert manifest["host"] == {"app": "premierepro", "minVersion": "25.6.0"}
    (folder,) = hosts.HOSTS["premiere"].folders(
        hosts.Place(hosts.System.MACOS, Path("/Users/mei"), {}), False
    )
    assert folder.name == f"{manifest['id']}_{manifest['version']}"


def test_all_that_its_manifest_names_is_installed() -> None:
    files = hosts.plugin_files(hosts.HOSTS["premiere"])
    manifest = json.loads(files["manifest.json"].read_text())
    assert {manifest["main"], "main.js", "styles.css", *(icon["path"] for icon in manifest["icons"])} <= set(
        files
    )
    assert not [name for name in files if name.endswith(".ts")]


def test_every_step_that_the_program_tells_is_said_in_chinese() -> None:
    chinese = (PANEL / "src" / "words.ts").read_text().partition("const zhTW")[2]
    source = "\n".join(path.read_text() for path in (ROOT / "avm_otio" / "jobs").glob("*.py"))
    of_commands = {"Looking for jobs", "Making the picture"}
    steps = set(re.findall(r'report\.step\(\s*"([^"]+)"', source)) - of_commands
    assert len(steps) > 5
    assert not [step for step in steps if f'{step}": "' not in chinese and f'{step}: "' not in chinese]


@pytest.mark.editors
def test_it_holds_to_what_adobe_declares(panel: Path) -> None:
    checked = run("npm", "run", "--silent", "check", cwd=panel)
    assert checked.returncode == 0, checked.stdout
    source = panel / "src" / "premiere.ts"
    text = source.read_text()
    for right, wrong in (
        ("createOverwriteItemAction", "createOverwriteAction"),
        ("getZeroPoint()", "getZeroPoint().ticks"),
        ("importFiles([result.output], true)", "importFiles(result.output, true)"),
    ):
        assert right in text
        source.write_text(text.replace(right, wrong))
        assert run("npm", "run", "--silent", "check", cwd=panel).returncode != 0, wrong


@pytest.mark.editors
def test_what_is_installed_is_what_the_source_says(panel: Path) -> None:
    built = run("node", "build.mjs", cwd=panel)
    assert built.returncode == 0, built.stderr
    assert tree(panel / "dist") == tree(PANEL / "dist"), "run: npm run build"


@pytest.mark.editors
def test_its_package_is_whole_and_the_same_each_time(panel: Path) -> None:
    packages = []
    for _ in range(2):
        built = run("node", "build.mjs", "--ccx", cwd=panel)
        assert built.returncode == 0, built.stderr
        packages.append((panel / built.stdout.strip()).read_bytes())
    assert packages[0] == packages[1]
    with zipfile.ZipFile(panel / "com.avm-otio.premiere_0.1.0.ccx") as package:
        assert package.testzip() is None
        assert set(package.namelist()) == set(tree(PANEL / "dist"))


@pytest.mark.editors
def test_its_own_tests_pass_in_node_and_in_a_browser(panel: Path) -> None:
    assert run("npm", "run", "--silent", "build", cwd=panel).returncode == 0
    tested = run("npm", "run", "--silent", "test", cwd=panel)
    failed = re.findall(r"^not ok.*?(?=^(?:ok|not ok|# Subtest)|\Z)", tested.stdout, re.M | re.S)
    assert tested.returncode == 0, "".join(failed) or tested.stdout[-4000:] + tested.stderr[-2000:]
    (count,) = re.findall(r"^# pass (\d+)", tested.stdout, re.M) or re.findall(r"pass (\d+)", tested.stdout)
    assert int(count) > 50
    if chromium() is None:
        pytest.skip("the page was not driven: Chromium is not here (apt install chromium)")
    assert re.search(r"skipped 0\b", tested.stdout)


@pytest.mark.editors
@pytest.mark.parametrize(
    ("rate", "as_text"),
    [(Fraction(24000, 1001), "24000/1001"), (Fraction(25), "25"), (Fraction(30000, 1001), "30000/1001")],
)
def test_the_real_program_scores_what_the_panel_leaves(
    panel: Path, tmp_path: Path, rate: Fraction, as_text: str
) -> None:
    if chromium() is None:
        pytest.skip("Chromium is not here (apt install chromium)")
    for arguments in ([], ["--tests"]):
        assert run("node", "build.mjs", *arguments, cwd=panel).returncode == 0
    watch = tmp_path / "AVM Scoring"
    watch.mkdir()
    movie(tmp_path / "a.mp4", 150, rate)
    cut = exported(tmp_path, rate)
    with watching(watch):
        driven = run("node", ".tests/drive.mjs", "--lay", watch, cut, as_text, cwd=panel)
    assert driven.returncode == 0, driven.stderr
    shown = json.loads(driven.stdout)
    (path,) = watch.glob("*/result.json")
    result = json.loads(path.read_text())
    assert f"{len(result['clips'])} sounds laid and checked" in shown["said"]
    frame = Fraction(TICKS) / rate
    laid = sorted(
        (sound["file"], int(sound["start"]) / frame, sound["media_start"], sound["disabled"])
        for track in shown["tracks"]
        for sound in track["sounds"]
    )
    assert result["spare_clips"]
    assert laid == sorted(
        (clip["file"], clip["record_frame"], str(clip["media_start_us"] * TICKS // 10**6), is_spare)
        for is_spare, clips in ((False, result["clips"]), (True, result["spare_clips"]))
        for clip in clips
    )
    assert {track["name"] for track in shown["tracks"][1:]} >= {clip["track"] for clip in result["clips"]}


def exported(folder: Path, rate: Fraction) -> Path:
    """A cut as Premiere Pro writes it: Final Cut Pro XML."""
    span = otio.opentime.TimeRange(
        otio.opentime.RationalTime(0, float(rate)), otio.opentime.RationalTime(150, float(rate))
    )
    shot = otio.schema.Clip("shot", otio.schema.ExternalReference(str(folder / "a.mp4"), span), span)
    timeline = otio.schema.Timeline("Reel 1", tracks=[otio.schema.Track("V1", [shot], kind="Video")])
    path = folder / "cut.otio"
    otio.adapters.write_to_file(timeline, str(path))
    converted = run(
        sys.executable,
        "-m",
        "avm_otio",
        "convert",
        path,
        "-o",
        folder / "cut.xml",
        "--for",
        "premiere",
        cwd=folder,
    )
    assert converted.returncode == 0, converted.stderr
    return folder / "cut.xml"


@contextmanager
def watching(folder: Path) -> Iterator[None]:
    """Somebody watches a folder."""
    process = subprocess.Popen(
        [sys.executable, "-m", "avm_otio", "watch", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def chromium() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def test_every_step_of_a_job_is_said_in_chinese_too() -> None:
    words = (PANEL / "src" / "words.ts").read_text(encoding="utf-8")
    steps = words.split("const zhTW", 1)[1].split("steps: {", 1)[1].split("}", 1)[0]
    rooms = ("jobs", "delivery", "media", "service", "engine")
    sources = [
        path.read_text(encoding="utf-8")
        for room in rooms
        for path in (ROOT / "avm_otio" / room).rglob("*.py")
    ]
    labels = {label for text in sources for label in re.findall(r"\.step\(\"([^\"]+)\"", text)}
    assert {label for label in labels - {"Looking for jobs"} if label not in steps} == set()


def test_the_panel_asks_for_the_services_of_the_table() -> None:
    source = (PANEL / "src" / "watch_folder.ts").read_text(encoding="utf-8")
    (listed,) = re.findall(r"SERVICES = (\[.*?\]) as const", source)
    assert tuple(json.loads(listed)) == service_names()

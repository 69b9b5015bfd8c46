"""The docs are true: examples run, fields and commands are those of the code."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from fractions import Fraction as F
from pathlib import Path

import click
import opentimelineio as otio
import pytest

from avm_otio.cli.main import program, run
from avm_otio.formats.otio.write import document
from avm_otio.mix.cues import Cue, Cues, Item
from avm_otio.mix.placement import lay
from avm_otio.mix.tracks import Origin, add_tracks
from avm_otio.services import EFFECTS
from avm_otio.timeline.model import Media, Timeline
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, RecordTime

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
EXAMPLES = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "api.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_each_example_of_the_python_face_runs(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "sample_timelines", tmp_path / "sample_timelines")
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "docs/api.md", "exec"), {})


def test_every_field_of_the_metadata_is_documented() -> None:
    page = (ROOT / "docs" / "metadata.md").read_text(encoding="utf-8")
    item = Item(1, "t", None, None, None, {})
    cues = Cues({EFFECTS: (Cue(0, 1, (item, item), {}),)})
    film = FilmMap(RecordTime(F(0)), F(1), FilmTime(F(1)))
    media = Media("u", "u", duration=F(1), sample_rate_hz=48_000, channels=2)
    origin = Origin("s", "USD", "en", 1, 2, {"range": [1]})
    laid = lay(cues, film, F(24), lambda _: media)
    scored = document(add_tracks(Timeline("cut", F(24)), laid, origin))
    (written,) = scored["tracks"]["children"][0]["children"]
    fields = {*scored["metadata"]["avm"], *written["metadata"]["avm"], "replaced_by", "cut_from"}
    assert [field for field in sorted(fields) if f"`{field}`" not in page] == []


def test_the_readme_opens_with_the_two_set_up_commands() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    venv = "python3 -m venv .venv && .venv/bin/pip install"
    assert (
        blocks[0] == f"{venv} . && .venv/bin/avm-otio score sample_timelines/short_film.otio -o scored.otio\n"
    )
    assert blocks[1] == f"{venv} '.[test]' && .venv/bin/pytest\n"


def test_every_file_that_the_docs_point_at_is_there() -> None:
    links = [
        (page, link)
        for page in PAGES
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    ]
    assert [
        (page.name, link) for page, link in links if "://" not in link and not (page.parent / link).exists()
    ] == []


def commands(group: click.Group = program, above: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command by its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from commands(found, f"{above}{name} ")
        else:
            yield f"{above}{name}", found


def test_every_option_is_documented() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [
        (name, option)
        for name, command in commands()
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
        if option.startswith("--") and not re.search(rf"{option}(?![\w-])", text)
    ] == []


def shell_commands(page: Path) -> list[list[str]]:
    """The arguments of every ``avm-otio`` call in a page's blocks of shell commands."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    calls = [line.rpartition("avm-otio ")[2] for line in lines if re.match(r"(\S*bin/)?avm-otio ", line)]
    return [shlex.split(call, comments=True) for call in calls]


@pytest.mark.parametrize(
    ("page", "arguments"), [(page.name, call) for page in PAGES for call in shell_commands(page)]
)
def test_every_command_that_is_shown_exists_with_its_options(page: str, arguments: list[str]) -> None:
    command: click.Command = program
    words = iter(arguments)
    while isinstance(command, click.Group):
        name = next(words)
        found = command.get_command(click.Context(command), name)
        assert found is not None, name
        command = found
    options = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= {*options, "--help"}


NEEDS_MORE = {"login", "show", "avmapping", "audition"}
"""Words of the README's calls that need an account, the key of a job, or a browser that is closed again."""


def long_cut(path: Path) -> None:
    """The sample film three times, from one hour on, with a clip of the name that the README asks for."""
    cut = otio.adapters.read_from_file(str(ROOT / "sample_timelines" / "short_film.otio"))
    for track in cut.tracks:
        track.extend([child.deepcopy() for _ in range(2) for child in list(track)])
    cut.tracks[0][1].name = "sunset"
    rate = cut.duration().rate
    cut.global_start_time = otio.opentime.RationalTime(3600 * rate, rate)
    otio.adapters.write_to_file(cut, str(path))
    (path.parent / "media").symlink_to(ROOT / "sample_timelines" / "media")


def expanded(arguments: list[str]) -> list[str]:
    """The arguments as a shell passes them."""
    return [
        str(path)
        for word in arguments
        for path in (Path().glob(word) if "*" in word else [word.replace("~", str(Path.home()))])
    ]


@pytest.mark.slow
def test_the_commands_and_the_script_of_the_readme_run(
    tmp_path: Path,
    shared_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    long_cut(tmp_path / "cut.otio")
    (tmp_path / "reels").mkdir()
    long_cut(tmp_path / "reels" / "reel 1.otio")
    assert run(["convert", "cut.otio", "-o", "cut.xml", "--for", "premiere"]) == 0
    readme = ROOT / "README.md"
    for arguments in shell_commands(readme):
        if "--library" in arguments:
            (starter,) = shared_cache.glob("starter-library-*")
            shutil.copytree(starter, Path("~/Sounds").expanduser())
        if "result.json" in arguments:
            job = next(tmp_path.glob("cut.avm/*/result.json")).parent
            shutil.copy(job / "result.json", tmp_path)
            shutil.copytree(job / "media", tmp_path / "items")
        if not NEEDS_MORE.intersection(arguments):
            assert run([*expanded(arguments), "-q"]) == 0, (arguments, capsys.readouterr().err)
    (example,) = re.findall(r"```python\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})


def test_every_decision_is_in_the_index_under_its_title() -> None:
    notes = ROOT / "docs" / "decisions"
    index = (notes / "README.md").read_text(encoding="utf-8")
    for note in sorted(set(notes.glob("*.md")) - {notes / "README.md"}):
        number, title = re.findall(r"\A# (\d{4}) (.+)\nDate: 2\d{3}-\d\d", note.read_text(encoding="utf-8"))[
            0
        ]
        assert note.name.startswith(f"{number}-")
        assert f"| [{number}]({note.name}) | {title} |" in index

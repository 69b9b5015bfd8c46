"""``avm-otio library``: the user's own sounds, indexed, searched, shown, listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.errors import UsageError
from avm_otio.words import counted

if TYPE_CHECKING:
    from avm_otio.engine.searching import Found, Searcher

F = TypeVar("F", bound=Callable[..., Any])

HEADS = ("SCORE", "LENGTH", "CH", "KIND", "CATEGORY", "BPM", "LICENCE", "PATH")
_RIGHT = ("SCORE", "LENGTH", "CH", "BPM")
_KINDS = ("music", "effect", "ambience", "dialogue")
_ROLES = ("whoosh", "impact", "riser", "tick", "ambience", "spot")

_folder = click.option(
    "--library",
    "folder",
    type=options.FOLDER,
    metavar="FOLDER",
    help="Folder of sounds.  [default: as configured, else the starter library]",
)
_words = click.argument("words", metavar="[WORDS]...", nargs=-1)


class _Seconds(click.ParamType[float]):
    """A length: 2.5, 0:30, 1:02:03."""

    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it."""
        try:
            parts = [float(part) for part in str(value).split(":")]
        except ValueError:
            parts = []
        if not 1 <= len(parts) <= 3 or any(not 0 <= part < 1e6 for part in parts):
            self.fail(f"{value!r} is no length; write 2.5, 0:30 or 1:02:03.", param, ctx)
        seconds = 0.0
        for part in parts:
            seconds = 60 * seconds + part
        return seconds


def _filters(function: F) -> F:
    """The options that say what a sound must be."""
    for option in reversed(
        (
            click.option("--kind", type=click.Choice(_KINDS), help="Only of this kind."),
            click.option("--role", type=click.Choice(_ROLES), help="Only effects that do this."),
            click.option(
                "--category", metavar="ID", help="Only of this UCS category: DOORWood, DOOR, doors."
            ),
            click.option(
                "--channels", type=click.IntRange(1), metavar="N", help="Only with so many channels."
            ),
            click.option("--licence", metavar="TEXT", help="Only with this in their licence: CC0."),
            click.option(
                "--min-length", type=_Seconds(), metavar="LENGTH", help="Only so long or longer: 0:30."
            ),
            click.option("--max-length", type=_Seconds(), metavar="LENGTH", help="Only so long or shorter."),
            click.option(
                "--min-bpm", type=click.FloatRange(1), metavar="BPM", help="Only so fast or faster."
            ),
            click.option(
                "--max-bpm", type=click.FloatRange(1), metavar="BPM", help="Only so fast or slower."
            ),
        )
    ):
        function = option(function)
    return function


def _search_options(function: F) -> F:
    """The options that say what is looked for."""
    for option in reversed(
        (
            click.option("--like", type=options.FILE, metavar="FILE", help="Sounding like this, best first."),
            click.option(
                "--for-frame", metavar="FILM@TC", help="Fitting a moment of a film: film.mov@00:01:02:03."
            ),
            click.option("--most", type=click.IntRange(1), default=20, show_default=True, help="How many."),
        )
    ):
        function = option(function)
    return _filters(function)


@click.group(epilog="Example: avm-otio library search door slam")
def library() -> None:
    """Index and search your own sounds: by words, by sound, by what they are."""


@library.command(epilog="Example: avm-otio library index --library ~/Sounds")
@_folder
@pass_output
def index(out: Output, folder: Path | None) -> None:
    """Listen to all sounds that are new or have changed, and keep what was found out.

    What was listened to is kept at once: an index that is stopped goes on from there.
    """
    listened, usable = _searcher(out, folder).refresh()
    out.event("done", listened=listened, sounds=usable)
    out.say(f"{counted(usable, 'sound')} can be used; {listened} listened to now.")


@library.command(epilog="Example: avm-otio library search door slam --max-length 3 -o doors.otio")
@_words
@_folder
@_search_options
@click.option(
    "-o", "--output", type=options.OutputFile("sounds.otio"), help="Save the sounds as a bin: an .otio file."
)
@pass_output
def search(
    out: Output, words: tuple[str, ...], folder: Path | None, output: Path | None, **asked: Any
) -> None:
    """Find sounds that fit WORDS, best first.

    Words are whole words of the name, tags, folder and category, or mean the same, also in German, French,
    Spanish, Italian and Chinese. --like finds other takes of a sound; with words, both count.
    """
    if output is not None and output.suffix.lower() != ".otio":
        raise UsageError(f"A bin is an .otio file, not {output}.", "Give -o NAME.otio.")
    found = _found(out, folder, words, asked)
    _show(out, found)
    if output is not None:
        from avm_otio.engine.bins import write_bin

        write_bin(output, " ".join(words) or output.stem, found)
        out.say(f"The bin is in {output}.")
    out.event("done", sounds=len(found), output=None if output is None else str(output))


@library.command("list", epilog="Example: avm-otio library list --kind music --min-length 2:00")
@_folder
@_filters
@pass_output
def list_sounds(out: Output, folder: Path | None, **asked: Any) -> None:
    """List all sounds that the options let through, by path."""
    from avm_otio.engine.searching import ALL, Search
    from avm_otio.searching import filter_of

    found = _searcher(out, folder).search(Search(where=filter_of(**_where(asked)), most=ALL))
    _show(out, found)
    out.event("done", sounds=len(found), output=None)
    out.say(f"{counted(len(found), 'sound')}.")


@library.command("play-list", epilog="Example: avm-otio library play-list rain --kind ambience -o rain.m3u8")
@_words
@_folder
@_search_options
@click.option(
    "-o", "--output", type=options.OutputFile("list.m3u8"), help="Save it here, instead of writing it out."
)
@pass_output
def play_list(
    out: Output, words: tuple[str, ...], folder: Path | None, output: Path | None, **asked: Any
) -> None:
    """Write what fits WORDS as a play list (M3U8), to listen to in any player."""
    from avm_otio.files import write_text

    found = _found(out, folder, words, asked)
    for each in found:
        out.event("sound", **each.as_json())
    lines = ["#EXTM3U"]
    for each in found:
        lines += [f"#EXTINF:{each.item.duration_us / 1e6:.0f},{each.item.title}", str(each.file)]
    if output is None:
        for line in lines:
            out.result(line)
    else:
        write_text(output, "\n".join(lines) + "\n")
        out.say(f"{counted(len(found), 'sound')} in {output}.")
    out.event("done", sounds=len(found), output=None if output is None else str(output))


@library.command(epilog="Example: avm-otio library starter --out ~/Sounds/starter")
@click.option("--out", "folder", type=options.FOLDER, required=True, metavar="DIR", help="Where it goes.")
@pass_output
def starter(out: Output, folder: Path) -> None:
    """Write the starter library: 16 pieces of music and 60 effects, synthesised here, yours to use.

    Effects are named by the Universal Category System. It is the same on every machine, and each time.
    """
    from avm_otio.engine.starter import write_starter

    with out.step("Making the starter library") as advance:
        write_starter(folder, advance)
    sounds = sum(1 for _ in folder.rglob("*.wav"))
    out.event("done", sounds=sounds, output=str(folder))
    out.say(f"{counted(sounds, 'sound')} in {folder}.")


@library.command(epilog="Example: avm-otio library show 'DOORWood_Cellar Slam_ABC_LIB.wav'")
@click.argument("sound", metavar="SOUND")
@_folder
@pass_output
def show(out: Output, sound: str, folder: Path | None) -> None:
    """Show all that is known of SOUND: its path, its id, or a part of its path that no other has."""
    found = _searcher(out, folder).named(sound)
    fields = found.as_json()
    tags = {name: value for name, value in found.facts["tags"].items() if value}
    out.event("sound", **fields, tags=tags, energy_db=found.facts["energy_db"])
    for name, value in fields.items():
        if name not in ("score", "path") and value not in (None, "", []):
            out.result(f"{name:<16}{', '.join(value) if isinstance(value, list) else value}")
    for name, value in tags.items():
        out.result(f"tag {name:<12}{value}")


def _searcher(out: Output, folder: Path | None) -> Searcher:
    from avm_otio.searching import searcher_of

    return searcher_of(folder, out)


def _found(out: Output, folder: Path | None, words: Sequence[str], asked: dict[str, Any]) -> Sequence[Found]:
    from avm_otio.searching import search

    moment = None
    if asked["for_frame"]:
        film, _, at = asked["for_frame"].rpartition("@")
        if not film:
            raise UsageError("--for-frame needs a film and a time.", "Write film.mov@00:01:02:03.")
        moment = Path(film), at
    return search(
        " ".join(words),
        library=folder,
        like=asked["like"],
        for_frame=moment,
        most=asked["most"],
        report=_Seen(out),
        **_where(asked),
    )


class _Seen:
    """The output, which says for people, too, what is seen in a film."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self.warn = out.warn
        self.step = out.step

    def event(self, name: str, /, **fields: Any) -> None:
        """Something happened."""
        for reason in fields.get("reasons", ()) if name == "frame" else ():
            self._out.say(f"At {fields['at']}: {reason}")
        self._out.event(name, **fields)


def _where(asked: dict[str, Any]) -> dict[str, Any]:
    lengths = {f"{name}_s": asked[name] for name in ("min_length", "max_length")}
    names = ("kind", "role", "category", "licence", "channels", "min_bpm", "max_bpm")
    return {**{name: asked[name] for name in names}, **lengths}


def _show(out: Output, found: Sequence[Found]) -> None:
    from avm_otio.cli.table import table, terminal_width

    for each in found:
        out.event("sound", **each.as_json())
    if not found:
        out.say(
            "No sound fits. Fewer words or options find more; avm-otio library index takes in new sounds."
        )
        return
    rows = [_row(each) for each in found]
    for line in table(HEADS, rows, right=_RIGHT, most=terminal_width()):
        out.result(line)


def _row(found: Found) -> Sequence[str]:
    item = found.item
    kind = (
        "ambience"
        if item.roles[:1] and item.roles[0].name == "AMBIENCE" and item.kind == "effect"
        else item.kind.value
    )
    return (
        f"{found.score:.2f}",
        _length(item.duration_us),
        str(item.channels),
        kind,
        item.category.cat_id if item.category is not None else "",
        f"{item.tempo_bpm:.0f}" if item.tempo_bpm else "",
        item.licence,
        item.path,
    )


def _length(micros: int) -> str:
    seconds = micros / 1e6
    if seconds < 60:
        return f"{seconds:.1f}"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"

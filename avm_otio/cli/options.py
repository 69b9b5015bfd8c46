"""Options that several commands share, and what they make of them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path)


class Rate(click.ParamType[Fraction]):
    """A frame rate as people write it: 25, 23.976, 24000/1001."""

    name = "fps"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        """Snap it to the exact rate."""
        from avm_otio.errors import TimeFormatError
        from avm_otio.timeline.time import snap_rate

        try:
            return snap_rate(value)
        except TimeFormatError as error:
            self.fail(str(error), param, ctx)


def _all(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


selection = _all(
    click.option("--clip", metavar="NAME|N", help="One clip: its name, or its number from 1."),
    click.option("--track", metavar="N", help="One track: 2 or V2, A1; with --clip, where to look."),
    click.option("--in", "tc_in", metavar="TC", help="First frame, record timecode; ; for drop-frame."),
    click.option("--out", "tc_out", metavar="TC", help="First frame after the range, record timecode."),
)

source = _all(
    click.option(
        "--media-root", "media_roots", type=FOLDER, multiple=True, help="Look here for moved media."
    ),
    click.option("--rate", type=Rate(), help="Frames a second of an EDL, which does not say."),
    click.option("--sequence", metavar="NAME", help="Which timeline, where the file holds several."),
)

service = _all(
    click.option("--service", metavar="local|URL", help="local (the engine on this machine), or an address."),
    click.option("--library", type=FOLDER, help="Folder of your own sounds, for local."),
    click.option("--language", type=click.Choice(["en", "zh"]), help="Of the service's words."),
    click.option("--currency", metavar="USD|EUR|TWD", help="Of prices."),
)

request = _all(
    click.option("--license-range", metavar="IDS", help="Where it may be used: ids or names, comma between."),
    click.option("--license-duration", metavar="ID", help="How long it may be used: an id or a name."),
    click.option("--license-platforms", metavar="IDS", help="What for: ids or names, comma between."),
    click.option("--title", help="Of the request; the timeline's name by default."),
    click.option("--budget-min", type=float, help="Least budget, in the currency asked for."),
    click.option("--budget-max", type=float, help="Largest budget, in the currency asked for."),
    click.option("--outline", help="What happens in the film, in words."),
    click.option("--ref-music", metavar="URL", help="A piece that the music should be like."),
    click.option("--bpm", type=float, help="Beats a minute."),
    click.option("--genre", metavar="IDS", help="Ids or names, comma between."),
    click.option("--instrument", metavar="IDS", help="Ids or names, comma between."),
    click.option("--music-language", metavar="ID", help="Of the lyrics: an id or a name."),
    click.option(
        "--notify-url",
        metavar="URL",
        help="Where the service posts its result, too; {job} is the job's secret: avm-otio notify.",
    ),
)

layout = _all(
    click.option(
        "--effects-length",
        type=click.Choice(["cue", "natural", "auto"]),
        default="auto",
        show_default=True,
        help="auto: up to 3 s rings out, longer is cut at the cue's end.",
    ),
    click.option("--music-gain", type=float, default=0.0, show_default=True, help="In dB."),
    click.option("--effects-gain", type=float, default=0.0, show_default=True, help="In dB."),
    click.option("--skip-bad-cues", is_flag=True, help="Leave out cues that make no sense, and say which."),
    click.option(
        "--alternatives",
        type=click.IntRange(0),
        metavar="N",
        help="Lay so many others of each cue, too, disabled.  [default: 1 with --for, else 0]",
    ),
)


def _editors(context: click.Context, option: click.Parameter, begun: str) -> list[str]:
    from avm_otio.formats.table import editors

    return [name for name in editors() if name.startswith(begun)]


class _EditorOption(click.Option):
    """``--for``: its help names the editors, which are only looked up when it is shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option and its help."""
        from avm_otio.formats.table import editors

        self.help = f"Who opens it: {', '.join(editors())}.  [default: by -o]"
        return super().get_help_record(ctx)


delivery = _all(
    click.option(
        "--for",
        "editor",
        cls=_EditorOption,
        metavar="EDITOR",
        shell_complete=_editors,
    ),
    click.option(
        "--deliver",
        type=click.Choice(["link", "copy", "bundle"]),
        default="link",
        show_default=True,
        help="Media: stay where they are, are copied beside the output, or all in one .zip or .otioz.",
    ),
    click.option(
        "--media-format",
        type=click.Choice(["keep", "wav48"]),
        default="keep",
        show_default=True,
        help="Sound as it is, or as 48 kHz 24-bit Broadcast WAV.",
    ),
)

jobs_dir = click.option(
    "--jobs-dir", type=FOLDER, help="Where jobs are kept.  [default: beside the timeline]"
)

again = click.option("--again", is_flag=True, help="Ask, and pay, anew, though the same was asked before.")

services = click.option(
    "--services",
    metavar="LIST",
    default="music,effects",
    show_default=True,
    help="Any of music, effects, denoise; comma between.",
)

quality = click.option(
    "--quality",
    type=click.Choice(["360p", "540p", "720p", "1080p"]),
    help="Of the film that is made.  [default: 540p]",
)


def named(text: str) -> tuple[str, ...]:
    """The words of a list with commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def order_of(timeline: Path, output: Path, **flags: Any) -> Any:
    """The ``Order`` that the options of a scoring give; its paths are absolute.

    Raises:
        UsageError: It makes no sense.
    """
    from avm_otio.errors import UsageError
    from avm_otio.jobs.order import Order

    return Order.parse(said_of(timeline, output, **flags), "The call", UsageError)


def said_of(timeline: Path, output: Path, **flags: Any) -> dict[str, Any]:
    """The same as JSON that is not checked yet.

    Raises:
        UsageError: There is no such service.
    """
    from avm_otio import app
    from avm_otio.jobs.said import in_folder

    lists = ("services", "license_range", "license_platforms", "genre", "instrument")
    said = {FIELD_OF.get(name, name): value for name, value in flags.items() if value is not None}
    said |= {name: named(said[name]) for name in lists if name in said}
    app.check_services(said["services"])
    plain = {name: _plain(value) for name, value in said.items()}
    return in_folder(plain | {"timeline": str(timeline), "output": str(output)}, Path.cwd())


FIELD_OF = {"music_gain": "music_gain_db", "effects_gain": "effects_gain_db"}
"""Option → field of an order, where they are not called alike."""


def _plain(value: Any) -> Any:
    """An option's value as JSON has it."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Path | Fraction) else value


def source_of(
    timeline: Path,
    *,
    clip: str | None = None,
    track: str | None = None,
    tc_in: str | None = None,
    tc_out: str | None = None,
    media_roots: tuple[Path, ...] = (),
    rate: Fraction | None = None,
    sequence: str | None = None,
) -> Any:
    """The ``Source`` that the options name."""
    from avm_otio.jobs.pipeline import Source
    from avm_otio.timeline.select import Selection

    return Source(timeline, Selection(clip, track, tc_in, tc_out), media_roots, rate, sequence)


def layout_of(
    *,
    effects_length: str,
    music_gain: float,
    effects_gain: float,
    skip_bad_cues: bool,
    alternatives: int | None,
    editor: str | None,
) -> Any:
    """The ``Layout`` that the options name."""
    from avm_otio.mix.placement import EffectsLength, Layout

    spare = int(editor is not None) if alternatives is None else alternatives
    return Layout(EffectsLength(effects_length), music_gain, effects_gain, skip_bad_cues, spare)


def settings_of(**flags: Any) -> Any:
    """The ``Settings`` with what the options say before all else."""
    from avm_otio.config.load import load_settings

    dotted = {
        "license_range": "license.range",
        "license_duration": "license.duration",
        "license_platforms": "license.usage_platforms",
        "music_language": "requirement.language",
    }
    dotted |= {
        name: f"requirement.{name}"
        for name in (
            "title",
            "budget_min",
            "budget_max",
            "outline",
            "ref_music",
            "bpm",
            "genre",
            "instrument",
        )
    }
    lists = {"license_range", "license_platforms", "genre", "instrument"}
    given = {name: value for name, value in flags.items() if value is not None}
    said = {name: list(named(value)) if name in lists else value for name, value in given.items()}
    return load_settings({dotted.get(name, name): value for name, value in said.items()})

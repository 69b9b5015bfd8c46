"""The command line's frame: the commands, each imported only when it is called, and how every run ends."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from avm_otio import __version__
from avm_otio.cli.output import Output
from avm_otio.errors import AvmError, UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Lazy(NamedTuple):
    """Where a command is, as ``module:attribute``, and its line in the group's help."""

    target: str
    help: str


class LazyGroup(click.Group):
    """A group over a table of commands.

    Args:
        table: Each command's name and where it is, in the order of the help.
        named: As for ``click.Group``.
    """

    def __init__(self, *, table: Mapping[str, Lazy], **named: Any) -> None:
        super().__init__(**named)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in self._table:
            return None
        module, _, attribute = self._table[cmd_name].target.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called, or say which one may be meant."""
        if args[0] not in self._table and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(args[0].lower(), self._table, n=1)
            meant = f"Did you mean {near[0]}?" if near else f"There are {', '.join(self._table)}."
            ctx.fail(f"No such command {args[0]!r}. {meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help's list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.help) for name, command in self._table.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name, or an option."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=command.help)
            for name, command in self._table.items()
            if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)


COMMANDS = {
    "score": Lazy("avm_otio.cli.score:score", "Lay music and effects into a timeline."),
    "farm": Lazy("avm_otio.cli.farm:farm", "Write a job that scores many timelines on a render farm."),
    "farm-task": Lazy("avm_otio.cli.farm:farm_task", "Carry out one task of it; schedulers call this."),
    "jobs": Lazy("avm_otio.cli.jobs:jobs", "List, show, resume, forget and clean jobs."),
    "batch": Lazy("avm_otio.cli.batch:batch", "Lay music and effects into many timelines at once."),
    "audition": Lazy("avm_otio.cli.audition:audition", "Hear alternatives against picture, and choose."),
    "choose": Lazy("avm_otio.cli.choose:choose", "Choose what is heard for each cue."),
    "export": Lazy("avm_otio.cli.score:export", "Write the film of a clip or a range to a file."),
    "preview": Lazy("avm_otio.cli.preview:preview", "Write what a timeline shows and plays, and its stems."),
    "cost": Lazy("avm_otio.cli.cost:cost", "Add up what scored timelines cost, each item once."),
    "cuesheet": Lazy("avm_otio.cli.cuesheet:cuesheet", "Write the cue sheet of scored timelines."),
    "conform": Lazy("avm_otio.cli.conform:conform", "Take a soundtrack along into a changed cut."),
    "relink": Lazy("avm_otio.cli.relink:relink", "Put licensed files in the place of previews."),
    "turnover": Lazy("avm_otio.cli.turnover:turnover", "Write all that a mixer gets, or check it."),
    "convert": Lazy("avm_otio.cli.convert:convert", "Turn a timeline or a saved answer into another format."),
    "film": Lazy("avm_otio.cli.service:film", "Create, list and show the service's films."),
    "service": Lazy("avm_otio.cli.service:service", "Ask for music and effects, and fetch the result."),
    "watch": Lazy("avm_otio.cli.watch:watch", "Carry out what editors leave in a folder."),
    "plugin": Lazy("avm_otio.cli.plugin:plugin", "Put menu actions into editing programs."),
    "library": Lazy("avm_otio.cli.library:library", "Index and search your own sounds."),
    "mcp": Lazy("avm_otio.cli.mcp:mcp", "Serve tools for agents (MCP)."),
    "engine": Lazy(
        "avm_otio.cli.servers:engine",
        "Serve the local engine; show what it finds in a film.",
    ),
    "notify": Lazy("avm_otio.cli.servers:notify", "Hear from the service instead of asking it."),
    "login": Lazy("avm_otio.cli.config_command:login", "Keep the service's token in the keyring."),
    "logout": Lazy("avm_otio.cli.config_command:logout", "Forget the service's token."),
    "config": Lazy("avm_otio.cli.config_command:config", "Show and change what is configured."),
    "doctor": Lazy("avm_otio.cli.doctor:doctor", "Check the set-up and suggest fixes."),
    "completion": Lazy("avm_otio.cli.main:completion", "Print the completion script of a shell."),
}
"""Every command; those of the jobs first."""

COMPLETE_VARIABLE = "_AVM_OTIO_COMPLETE"
INTERRUPTED = 130

program = LazyGroup(
    name="avm-otio",
    table=COMMANDS,
    help="Music and sound effects for a cut, laid into your own timeline at the right frame.",
    epilog="Example: avm-otio score cut.otio -o scored.otio",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            help="Show the version and exit.",
            callback=lambda context, _, asked: _show_version(context) if asked else None,
        )
    ],
)


_INSTALL = {
    "bash": 'Add to ~/.bashrc:  eval "$(avm-otio completion bash)"',
    "zsh": 'Add to ~/.zshrc, after compinit:  eval "$(avm-otio completion zsh)"',
    "fish": "Save as:  avm-otio completion fish > ~/.config/fish/completions/avm-otio.fish",
}


@click.command(epilog='Example: eval "$(avm-otio completion bash)"')
@click.argument("shell", type=click.Choice(tuple(_INSTALL)))
def completion(shell: str) -> None:
    """Print the completion script of SHELL; its last line says where to put it."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"This version of click knows no completion for {shell}.")
    script = kind(program, {}, "avm-otio", COMPLETE_VARIABLE)
    click.echo(f"{script.source_template % script.source_vars()}\n# {_INSTALL[shell]}")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What was typed after the program's name; the process's own by default.

    Returns:
        The exit code: ``docs/command-line.md`` lists them.
    """
    args = list(sys.argv[1:] if arguments is None else arguments)
    output = Output(json="--json" in (args[: args.index("--")] if "--" in args else args))
    _write_utf8()
    try:
        with _ending_as_interruption():
            return _call(args)
    except click.ClickException as error:
        return _report(output, _usage_error(error))
    except (KeyboardInterrupt, EOFError, click.Abort):
        return _report(output, _InterruptedError("Interrupted.", "What was finished is kept; run it again."))
    except BrokenPipeError:
        return _nobody_reads()
    except Exception as error:
        from avm_otio.config.faults import explained

        return _report(output, explained(error))


class _InterruptedError(AvmError):
    """Stopped by the user or the system."""

    exit_code = INTERRUPTED


def _call(args: list[str]) -> int:
    if COMPLETE_VARIABLE in os.environ:
        program.main(args, prog_name="avm-otio", complete_var=COMPLETE_VARIABLE)
    try:
        with program.make_context("avm-otio", args) as context:
            program.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    return 0


def _report(output: Output, error: AvmError) -> int:
    try:
        output.error(error)
    except OSError:  # also a terminal that was closed
        _nobody_reads()
    return error.exit_code


def _usage_error(error: click.ClickException) -> AvmError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "avm-otio"
    if type(error).__name__ == "NoArgsIsHelpError":  # click before 8.2 has no such class
        click.echo(error.message, err=True)
        return UsageError(f"{path} needs more.", "See the help above.")
    what = error.format_message()
    return UsageError(what if what.endswith((".", "?", ")")) else f"{what}.", f"Help: {path} --help")


def _nobody_reads() -> int:
    """The reader of our output has gone (``| head``): end without a word, now and when Python closes it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return 1


def _show_version(context: click.Context) -> None:
    click.echo(f"avm-otio {__version__}")
    context.exit()


def _write_utf8() -> None:
    """Write UTF-8 whatever the system's code page; a name that is not text is escaped, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


@contextmanager
def _ending_as_interruption() -> Iterator[None]:
    """Let SIGTERM and a closed terminal unwind the run as Ctrl-C does, so that no half file is left."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    on_main = threading.current_thread() is threading.main_thread()  # no other may set handlers
    before: dict[int, Callable[[int, FrameType | None], Any] | int | None] = {}
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and on_main and signal.getsignal(number) is signal.SIG_DFL:
            before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

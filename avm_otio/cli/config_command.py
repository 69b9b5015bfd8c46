"""``avm-otio config``, ``login`` and ``logout``: what is set, and the token in the keyring."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from avm_otio.addresses import LOCAL
from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.config.edit import set_key, unset_key
from avm_otio.config.folders import config_file
from avm_otio.config.load import load_settings
from avm_otio.config.settings import Settings, keys
from avm_otio.config.tokens import VARIABLE, Token, find_token, forget_token, store_token
from avm_otio.errors import AvmError, TokenRefusedError, UsageError
from avm_otio.request import Request

_SERVICE = click.option("--service", metavar="URL", help="Which service; the configured one by default.")


@click.group(epilog="Example: avm-otio config show")
def config() -> None:
    """Show and change what is configured: flag > environment > file > default."""


@config.command(epilog="Example: avm-otio config show")
@pass_output
def show(output: Output) -> None:
    """Show every key with its value and where that came from."""
    settings = load_settings()
    rows = [
        (name, _worded(settings.value(key), settings, key.table), settings.sources[name])
        for name, key in keys().items()
    ]
    rows += [
        (f"options.{table}.{name}", str(id), str(config_file()))
        for table, names in settings.options.items()
        for name, id in names.items()
    ]
    width = max(len(name) for name, _, _ in rows)
    for name, worded, source in rows:
        output.result(f"{name:<{width}}  {worded}  ({source})")
    output.result(f"{'token':<{width}}  {token_state(settings)}")
    for name, key in keys().items():
        output.event("setting", key=name, value=settings.value(key), source=settings.sources[name])
    for table, names in settings.options.items():
        output.event("option_names", table=table, names=dict(names))
    output.event("done", file=config_file(), token=token_state(settings))


@config.command(epilog="Example: avm-otio config path")
@pass_output
def path(output: Output) -> None:
    """Tell where the configuration file is."""
    output.result(str(config_file()))
    output.event("done", file=config_file())


@config.command(
    "set",
    epilog="Example: avm-otio config set currency EUR",
)
@click.argument("key")
@click.argument("value", nargs=-1, required=True)
@pass_output
def set_(output: Output, key: str, value: tuple[str, ...]) -> None:
    """Set KEY to VALUE in the file; the file's comments stay."""
    file = set_key(key, value)
    output.say(f"Set {key} in {file}.")
    if key in keys() and (variable := load_settings().sources[key]) == keys()[key].env:
        output.warn(f"{variable} is set and wins over it.")
    output.event("done", file=file, key=key)


@config.command(epilog="Example: avm-otio config unset currency")
@click.argument("key")
@pass_output
def unset(output: Output, key: str) -> None:
    """Take KEY out of the file; its default holds from then on."""
    file = unset_key(key)
    output.say(f"{key} is no longer set in {file}.")
    output.event("done", file=file, key=key)


def token_state(settings: Settings) -> str:
    """Whether there is a token for the configured service, without a letter of it."""
    origin = settings.complete(Request()).origin
    if origin == LOCAL:
        return "not needed for the local engine"
    try:
        return f"set, from {find_token(origin).source}"
    except TokenRefusedError:
        return f"not set for {origin}"
    except AvmError as error:
        return f"not usable: {error}"


def _worded(value: Any, settings: Settings, table: str) -> str:
    if isinstance(value, tuple):
        return ", ".join(_worded(each, settings, table) for each in value) or "—"
    if value is None or value == "":
        return "—"
    name = settings.name_option(table, value) if table else str(value)
    return name if name == str(value) else f"{name} ({value})"


@click.command(epilog="Example: avm-otio login")
@_SERVICE
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input, for scripts.")
@pass_output
def login(output: Output, service: str | None, token_stdin: bool) -> None:
    """Keep the service's token in the keyring.

    Without a keyring it goes into a file that only you can read. AVM_TOKEN wins over both.
    """
    origin = _origin(service)
    if token_stdin:
        typed = sys.stdin.read(8192)
    elif sys.stdin is not None and sys.stdin.isatty():
        typed = click.prompt(f"Token for {origin}", hide_input=True, err=True)
    else:
        raise UsageError("There is no terminal to ask for the token on.", "Pipe it in with --token-stdin.")
    where = store_token(Token(typed, "your input"), origin)
    output.say(f"The token for {origin} is in {where}.")
    if os.environ.get(VARIABLE, "").strip():
        output.warn(f"{VARIABLE} is set and wins over it.")
    output.event("done", service=origin, stored=where)


@click.command(epilog="Example: avm-otio logout")
@_SERVICE
@pass_output
def logout(output: Output, service: str | None) -> None:
    """Forget the service's token."""
    origin = _origin(service)
    gone = forget_token(origin)
    output.say(
        f"Removed the token for {origin} from {' and '.join(gone)}." if gone else "There was no token."
    )
    if os.environ.get(VARIABLE, "").strip():
        output.warn(f"{VARIABLE} is set and still holds a token.")
    output.event("done", service=origin, removed=list(gone))


def _origin(service: str | None) -> str:
    """The service that a token is for: the real one where only the local engine is set."""
    request = load_settings().complete(options.request_of(service=service))
    if request.service != LOCAL:
        return request.origin
    if service is not None:
        raise UsageError("The local engine needs no token.", "Leave --service out for the real service.")
    return options.request_of(service="avmapping").origin

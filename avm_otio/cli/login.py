"""``avm-otio login`` and ``logout``: the token into the keyring, and out of it."""

from __future__ import annotations

import os
import sys

import click

from avm_otio.addresses import LOCAL
from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.config.load import load_settings
from avm_otio.config.tokens import VARIABLE, Token, forget_token, store_token
from avm_otio.errors import UsageError

_SERVICE = click.option("--service", metavar="URL", help="Which service; the configured one by default.")


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

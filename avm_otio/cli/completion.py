"""``avm-otio completion``: the script that lets a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_INSTALL = {
    "bash": 'Add to ~/.bashrc:  eval "$(avm-otio completion bash)"',
    "zsh": 'Add to ~/.zshrc, after compinit:  eval "$(avm-otio completion zsh)"',
    "fish": "Save as:  avm-otio completion fish > ~/.config/fish/completions/avm-otio.fish",
}


@click.command(epilog='Example: eval "$(avm-otio completion bash)"')
@click.argument("shell", type=click.Choice(tuple(_INSTALL)))
def completion(shell: str) -> None:
    """Print the completion script of SHELL; its last line says where to put it."""
    from avm_otio.cli.main import COMPLETE_VARIABLE, program

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"This version of click knows no completion for {shell}.")
    script = kind(program, {}, "avm-otio", COMPLETE_VARIABLE)
    click.echo(f"{script.source_template % script.source_vars()}\n# {_INSTALL[shell]}")

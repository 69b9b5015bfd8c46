"""``avm-otio notify``: hear from the service instead of asking it."""

from __future__ import annotations

from pathlib import Path

import click

from avm_otio.addresses import is_loopback
from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.config.load import load_settings


@click.group()
def notify() -> None:
    """Notifications that the service is done: they wake the runs that wait."""


@notify.command(epilog="Example: avm-otio notify serve --port 8610")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8610,
    show_default=True,
    help="0 lets the system choose.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of this machine to listen at.")
@click.option(
    "--spool", type=options.FOLDER, help="Where runs wait for news.  [default: notify in the cache folder]"
)
@pass_output
def serve(out: Output, port: int, host: str, spool: Path | None) -> None:
    """Take notifications until interrupted.

    Put a TLS proxy before it that the service can reach, and start the runs with
    --notify-url 'https://YOUR.HOST/avm/{job}'; {job} becomes a secret of each run's own.
    """
    from avm_otio.service.receiver import serve as run

    if not is_loopback(host):
        out.warn("What comes to this address directly comes unencrypted, the secret paths with it.")

    def ready(address: str) -> None:
        out.event("notify_ready", address=address)
        out.result(address)
        out.say("Taking notifications there until interrupted (Ctrl-C).")

    run(
        spool or load_settings().cache_dir / "notify",
        host=host,
        port=port,
        on_ready=ready,
        on_trouble=out.warn,
    )

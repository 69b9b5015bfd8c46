"""``avm-otio engine serve`` and ``notify serve``: what runs on this machine until it is interrupted."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click

from avm_otio.addresses import is_loopback
from avm_otio.cli import options
from avm_otio.cli.analyse import analyse
from avm_otio.cli.output import Output, pass_output
from avm_otio.config.load import load_settings
from avm_otio.words import priced


@click.group(epilog="Example: avm-otio engine serve --library ~/Sounds")
def engine() -> None:
    """The local engine: the same API over your own library; nothing leaves this machine."""


engine.add_command(analyse)


@engine.command("serve", epilog="Example: avm-otio engine serve --port 8600 --library ~/Sounds")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 lets the system choose.")
@click.option("--data", "data_dir", type=options.FOLDER, help="Where films and results are kept.")
@click.option("--library", type=options.FOLDER, help="Folder of sounds; the starter library by default.")
@click.option(
    "--analyses", type=click.IntRange(min=0), help="How many analyses it allows in all, to try that out."
)
@click.option("--previews", is_flag=True, help="Serve previews of what `engine buy` has not bought.")
@click.option(
    "--vision-model",
    type=options.FOLDER,
    metavar="DIR",
    help="Folder of a CLIP-type model in ONNX that says what is in the picture.",
)
@pass_output
def serve_engine(
    out: Output,
    port: int,
    data_dir: Path | None,
    library: Path | None,
    analyses: int | None,
    previews: bool,
    vision_model: Path | None,
) -> None:
    """Serve the API on this machine until interrupted.

    Takes the token in AVM_TOKEN, or any where none is set.
    """
    from avm_otio.access import library_of
    from avm_otio.engine.server import serve as run

    settings = load_settings()
    request = settings.complete(options.request_of(library=library))

    run(
        port=port,
        data_dir=data_dir or settings.cache_dir / "engine",
        library=library_of(request, settings, out),
        token=os.environ.get("AVM_TOKEN") or None,
        analyses=analyses,
        sells=previews,
        vision_model=vision_model or settings.vision_model,
        on_ready=_ready(out, "engine_ready", "Serving the API"),
        tell=out.warn,
        step=out.step,
    )


@engine.command("buy", epilog="Example: avm-otio engine buy 579236909 265918282")
@click.argument("items", type=click.IntRange(1), nargs=-1, required=True, metavar="ITEM...")
@click.option("--data", "data_dir", type=options.FOLDER, help="Where films and results are kept.")
@pass_output
def buy_items(out: Output, items: tuple[int, ...], data_dir: Path | None) -> None:
    """Buy what the local engine offered, by the items' ids. It costs nothing.

    What is bought is served as it is from then on; `avm-otio relink` puts it in the place of previews.
    """
    from avm_otio.engine.requests import TWD_PER
    from avm_otio.engine.shop import buy

    settings = load_settings()
    currency = settings.complete(options.request_of()).currency
    for each in buy(data_dir or settings.cache_dir / "engine", items):
        price = round(each.price_twd / TWD_PER[currency], 2)
        out.event(
            "item_bought", id=each.id, title=each.title, price=price, currency=currency, is_new=each.is_new
        )
        before = "" if each.is_new else ", bought before"
        out.result(f"{each.id} “{each.title}”: {priced(price, currency)}{before}")


@click.group(epilog="Example: avm-otio notify serve --port 8610")
def notify() -> None:
    """Notifications that the service is done: they wake the runs that wait."""


@notify.command("serve", epilog="Example: avm-otio notify serve --port 8610")
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
def serve_notify(out: Output, port: int, host: str, spool: Path | None) -> None:
    """Take notifications until interrupted.

    Put a TLS proxy before it that the service can reach, and start the runs with
    --notify-url 'https://YOUR.HOST/avm/{job}'; {job} becomes a secret of each run's own.
    """
    from avm_otio.service.receiver import serve as run

    if not is_loopback(host):
        out.warn("What comes to this address directly comes unencrypted, the secret paths with it.")

    run(
        spool or load_settings().cache_dir / "notify",
        host=host,
        port=port,
        on_ready=_ready(out, "notify_ready", "Taking notifications"),
        on_trouble=out.warn,
    )


def _ready(out: Output, event: str, what: str) -> Callable[[str], None]:
    """Tells the address at which a server answers."""

    def ready(address: str) -> None:
        out.event(event, address=address)
        out.result(address)
        out.say(f"{what} there until interrupted (Ctrl-C).")

    return ready

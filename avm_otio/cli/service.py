"""``avm-otio film`` and ``service``: the service's Films, what is asked of it, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.config.load import load_settings
from avm_otio.errors import UsageError
from avm_otio.text import json_shown


@click.group(epilog="Example: avm-otio film list --service avmapping")
def film() -> None:
    """Films that the service holds."""


@film.command(epilog="Example: avm-otio film create film.mp4 --service avmapping")
@click.argument("path", metavar="FILE", required=False, type=options.FILE)
@click.option("--youtube", metavar="URL", help="A YouTube video instead of a file.")
@options.of_request("film create")
@pass_output
def create(out: Output, path: Path | None, youtube: str | None, **flags: Any) -> None:
    """Upload FILE (or name a YouTube video) and print the Film's id."""
    from avm_otio import app

    if (path is None) == (youtube is None):
        raise UsageError("Give a file or --youtube URL, one of them.")
    with app.open_service(options.request_of(**flags), report=out) as client:
        if path is not None:
            with out.step("Uploading the film") as advance:
                film_id = client.create_film(path, progress=advance)
        else:
            film_id = client.create_film_from_youtube(youtube or "")
    out.event("film_created", film_id=film_id)
    out.result(str(film_id))


@film.command("list", epilog="Example: avm-otio film list --service avmapping")
@click.option(
    "--most", type=click.IntRange(min=1), default=20, show_default=True, help="How many, newest first."
)
@options.of_request("film list")
@pass_output
def list_films(out: Output, most: int, **flags: Any) -> None:
    """List the Films: id, length, kind, file name."""
    from avm_otio import app

    with app.open_service(options.request_of(**flags), report=out) as client:
        for number, found in enumerate(client.films()):
            if number == most:
                break
            out.event("film", film=found.served)
            columns = (
                str(found.id),
                found.duration[:11],
                found.type,
                found.filename or found.title,
            )
            out.result("  ".join(columns).rstrip())


@film.command(epilog="Example: avm-otio film show 1320 -o film.json")
@click.argument("film_id", type=int)
@click.option(
    "-o", "--output", type=options.OutputFile("answer.json"), help="Save the JSON here, for avm-otio convert."
)
@options.of_request("film show")
@pass_output
def show(out: Output, film_id: int, output: Path | None, **flags: Any) -> None:
    """Show one Film with the recommendations of all its analyses."""
    from avm_otio import app

    with app.open_service(options.request_of(**flags), report=out) as client:
        found = client.film(film_id).served
    out.event("film", film=found)
    give(out, found, output)


def give(out: Output, document: Mapping[str, Any], output: Path | None) -> None:
    """Save a document of the service, or print it."""
    from avm_otio.files import write_text

    text = json_shown(json.dumps(document, ensure_ascii=False, indent=1))
    if output is None:
        for line in text.split("\n"):
            out.result(line)
        return
    write_text(output, text + "\n")
    out.say(f"Saved {output}")


@click.group(epilog="Example: avm-otio service submit 1320 --services music,effects")
def service() -> None:
    """Film services: music, effects, noise reduction."""


@service.command(epilog="Example: avm-otio service submit 1320 --services music,effects")
@click.argument("film_id", type=int)
@options.of_request("service submit")
@pass_output
def submit(out: Output, film_id: int, **flags: Any) -> None:
    """Ask for services for a Film and print the session's id. Uses up an analysis."""
    from avm_otio import app
    from avm_otio.jobs.question import service_request
    from avm_otio.service.notify import wants_mailbox

    request = load_settings().complete(options.request_of(**flags))
    if request.notify_url is not None and wants_mailbox(request.notify_url):
        raise UsageError(
            "{job} in --notify-url stands for a job's secret, and this makes no job.",
            "Give the whole address, or use avm-otio score.",
        )
    body = service_request(request, f"Film {film_id}")
    with app.open_service(request, report=out) as client:
        session_id = client.create_service(film_id, body)
        out.event("service_submitted", film_id=film_id, session_id=session_id)
        out.result(str(session_id))


@service.command(epilog="Example: avm-otio service result 1320 3215 --wait -o result.avm.json")
@click.argument("film_id", type=int)
@click.argument("session_id", type=int)
@click.option("--wait", is_flag=True, help="Wait until it is done.")
@click.option(
    "-o", "--output", type=options.OutputFile("answer.json"), help="Save the JSON here, for avm-otio convert."
)
@options.of_request("service result")
@pass_output
def result(out: Output, film_id: int, session_id: int, wait: bool, output: Path | None, **flags: Any) -> None:
    """Fetch the result of a session, as far as it is."""
    from avm_otio import app
    from avm_otio.service.client import wait_for_result

    with app.open_service(options.request_of(**flags), report=out) as client:
        if wait:
            with out.step("Waiting for the service"):
                found = wait_for_result(
                    client,
                    film_id,
                    session_id,
                    timeout_s=load_settings().timeouts.wait_s,
                    on_trouble=out.warn,
                    later="Nothing is lost: fetch it later with "
                    f"avm-otio service result {film_id} {session_id} --wait.",
                )
        else:
            found = client.service_result(film_id, session_id)
        document = found.served
    out.event("service_result", result=document)
    if not found.is_done:
        out.say("Not done yet.")
    give(out, document, output)

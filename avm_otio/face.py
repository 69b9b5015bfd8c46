"""The Python face: what batch scripts import from ``avm_otio``, and what the command line calls.

Documented with runnable examples in ``docs/api.md``.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from avm_otio.config.addresses import LOCAL
from avm_otio.config.load import load_settings
from avm_otio.config.settings import Settings
from avm_otio.config.tokens import find_token
from avm_otio.core.addresses import is_loopback
from avm_otio.core.errors import InputError, UsageError
from avm_otio.core.placement import AS_IT_COMES, Layout
from avm_otio.core.report import Report, Silent
from avm_otio.core.service_keys import ServiceKeys
from avm_otio.dialects.registry import Opened
from avm_otio.files import same_file
from avm_otio.jobs import delivery, pipeline
from avm_otio.jobs.delivery import Delivered
from avm_otio.jobs.pipeline import Access, Scored, Source

if TYPE_CHECKING:
    from avm_otio.api.client import Client
    from avm_otio.api.models import License, Requirement, ServiceRequest
    from avm_otio.media.export import FilmFile

MUSIC_AND_EFFECTS = ("music", "effects")
"""What is asked for where nothing is said."""

_BUDGET = (0.0, 100_000.0)
"""Least and largest budget where none is set: the reference's own example asks for 1 to 100,000."""

_ENGINE_LICENSE = (1,), 1, (1,)
"""Range, duration and platforms that the local engine is asked with; there they mean nothing."""

_SILENT = Silent()


def score(
    source: Source,
    output: Path,
    *,
    services: Collection[str] = MUSIC_AND_EFFECTS,
    settings: Settings | None = None,
    layout: Layout = AS_IT_COMES,
    jobs_folder: Path | None = None,
    notify_url: str | None = None,
    editor: str | None = None,
    deliver: str = "link",
    media_format: str = "keep",
    report: Report = _SILENT,
) -> Scored:
    """Score a timeline: music and effects for it, laid into a copy of it.

    Args:
        source: The timeline and what of it.
        output: The timeline to write; its suffix names the format.
        services: Any of ``music``, ``effects``, ``denoise``.
        settings: What is configured; read from the user's configuration where not given.
        layout: How cues are laid.
        jobs_folder: Where the job's folder goes; beside the timeline by default.
        notify_url: Where the service should post its result, too.
        editor: Who will open the output: a name of ``dialects.editors``; by its suffix where not given.
        deliver: Where media go: ``link`` (they stay), ``copy`` (beside the output) or ``bundle`` (one file).
        media_format: ``keep``, or ``wav48`` for 48 kHz 24-bit Broadcast WAVs.
        report: Who is told of progress.

    Raises:
        AvmError: In every way that ``core.errors`` lists. Nothing is written at ``output`` then.
    """
    settings = settings or load_settings()
    _refuse_same(source.path, output)
    how = delivery.wanted(output, editor, deliver, media_format)
    return pipeline.score(
        source,
        output,
        access_to(settings, report),
        build_request(settings, services, source.path.stem, notify_url),
        how=how,
        layout=layout,
        quality=settings.quality,
        jobs_folder=jobs_folder,
        timeout_s=settings.timeouts.wait_s,
        report=report,
    )


def write(
    opened: Opened,
    output: Path,
    *,
    editor: str | None = None,
    deliver: str = "link",
    media_format: str = "keep",
    media_roots: Sequence[Path] = (),
    report: Report = _SILENT,
) -> Delivered:
    """Write a timeline for an editor, with its media where they are to go.

    Args:
        opened: The timeline, as ``read`` or ``lay_answer`` gives it; not modified.
        output: The file to write.
        editor: Who will open it: a name of ``dialects.editors``; by the output's suffix where not given.
        deliver: Where media go: ``link`` (they stay), ``copy`` (beside the output) or ``bundle`` (one file).
        media_format: ``keep``, or ``wav48`` for 48 kHz 24-bit Broadcast WAVs.
        media_roots: Where moved media are looked for by name.
        report: Who is told of progress.

    Returns:
        The files that were written, and what they do not say as the timeline does.

    Raises:
        AvmError: The timeline or its media cannot be used, or something cannot be written.
    """
    _refuse_same(opened.path, output)
    how = delivery.wanted(output, editor, deliver, media_format)
    return delivery.deliver(opened, output, how, media_roots=media_roots, report=report)


def export_film(
    source: Source, output: Path, *, settings: Settings | None = None, report: Report = _SILENT
) -> FilmFile:
    """Write the film of a clip or a range, as it would be sent, to a file.

    Raises:
        InputError: The timeline, the selection or its media cannot be used.
        OutputError: The film cannot be written.
    """
    settings = settings or load_settings()
    return pipeline.export(source, output, quality=settings.quality, report=report)


def open_service(
    settings: Settings | None = None, report: Report = _SILENT
) -> AbstractContextManager[Client]:
    """A client of the service that is configured; for ``local`` the engine runs as long as it is open.

    Raises:
        TokenRefusedError: There is no token for it.
        InputError: The local engine's library cannot be used.
    """
    return access_to(settings or load_settings(), report).open()


def access_to(settings: Settings, report: Report = _SILENT) -> Access:
    """The way to the service that is configured. What can be refused at once is: a token must be there.

    Raises:
        TokenRefusedError: There is no token for it.
        InputError: The local engine's library is not there.
    """
    if settings.service == LOCAL:
        if settings.library is not None and not settings.library.is_dir():
            raise InputError(f"There is no library folder {settings.library}.", "Give a folder of sounds.")
        return Access(LOCAL, settings.language, settings.currency, lambda: _local(settings, report))
    token = find_token(settings.origin)
    return Access(
        settings.origin,
        settings.language,
        settings.currency,
        lambda: _client(settings, settings.service, token.reveal(), service_keys(settings)),
    )


@contextmanager
def _local(settings: Settings, report: Report) -> Iterator[Client]:
    from avm_otio.engine.server import running

    token = secrets.token_urlsafe(24)
    library = library_of(settings, report)
    with (
        running(data_dir=settings.cache_dir / "engine", library=library, token=token) as address,
        _client(settings, address, token, ServiceKeys()) as client,
    ):
        yield client


def service_keys(settings: Settings) -> ServiceKeys:
    """The JSON keys of the service that is configured."""
    keys = settings.service_keys
    return ServiceKeys(keys.music, keys.denoise, keys.effects)


def _client(settings: Settings, address: str, token: str, keys: ServiceKeys) -> Client:
    from avm_otio.api.client import Client

    return Client(
        address,
        token,
        language=settings.language,
        currency=settings.currency,
        keys=keys,
        answer_timeout_s=settings.timeouts.answer_s,
        film_timeout_s=settings.timeouts.film_s,
    )


def library_of(settings: Settings, report: Report = _SILENT) -> Path:
    """The local engine's library: the configured one, else the starter library, made at first use."""
    if settings.library is not None:
        return settings.library
    from avm_otio.engine.starter import starter_folder, starter_library

    if starter_folder(settings.cache_dir).exists():
        return starter_library(settings.cache_dir)
    with report.step("Making the starter library") as advance:
        return starter_library(settings.cache_dir, progress=advance)


def build_request(
    settings: Settings, services: Collection[str], title: str, notify_url: str | None = None
) -> ServiceRequest:
    """What to ask the service for.

    Args:
        settings: Licence and requirement.
        services: Any of ``music``, ``effects``, ``denoise``.
        title: Of the request, where the configuration has none.
        notify_url: Where the service should post its result.

    Raises:
        UsageError: A service that there is not, or no licence for a service that needs one.
    """
    from avm_otio.api.models import EffectsRange, Service, ServiceRequest

    unknown = [name for name in services if name not in set(Service)]
    if unknown or not services:
        told = f"There is no service “{unknown[0]}”." if unknown else "No service is asked for."
        raise UsageError(told, f"There are {', '.join(Service)}.")
    return ServiceRequest(
        license=_license(settings),
        music=_requirement(settings, title) if Service.MUSIC in services else None,
        denoise=Service.DENOISE in services,
        effects=EffectsRange() if Service.EFFECTS in services else None,
        **({"notify_url": notify_url} if notify_url else {}),
    )


def _license(settings: Settings) -> License:
    from avm_otio.api.models import License

    asked = settings.license
    if asked.range and asked.duration is not None and asked.usage_platforms:
        return License(range=asked.range, duration=asked.duration, usage_platforms=asked.usage_platforms)
    if settings.service == LOCAL or is_loopback(urlsplit(settings.service).hostname or ""):
        spare = _ENGINE_LICENSE
        return License(
            range=asked.range or spare[0],
            duration=spare[1] if asked.duration is None else asked.duration,
            usage_platforms=asked.usage_platforms or spare[2],
        )
    raise UsageError(
        "The service needs to know the licence: where, how long, and for which platforms.",
        "Give --license-range, --license-duration and --license-platforms, or set them under [license].",
    )


def _requirement(settings: Settings, title: str) -> Requirement:
    from avm_otio.api.models import Requirement

    asked = settings.requirement
    lowest = _BUDGET[0] if asked.budget_min is None else asked.budget_min
    highest = max(_BUDGET[1], lowest) if asked.budget_max is None else asked.budget_max
    if lowest > highest:
        raise UsageError(f"The least budget ({lowest:g}) is above the largest ({highest:g}).", "Swap them.")
    return Requirement(
        title=asked.title or title,
        budget_min=lowest,
        budget_max=highest,
        outline=asked.outline or None,
        ref_music=asked.ref_music or None,
        bpm=asked.bpm,
        genre=asked.genre or None,
        instrument=asked.instrument or None,
        language=asked.language,
    )


def _refuse_same(source: Path, output: Path) -> None:
    if same_file(source, output):
        raise UsageError(
            f"{output} is the timeline itself.", "The input is never changed: choose another name."
        )

"""The files of items: downloaded into a job, or found in a folder; each measured.

A download is remembered once it is whole, plays, and lies under its name. What is remembered is compared with
what is on disk before anything is fetched again.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from avm_otio.config.faults import keep_trace
from avm_otio.errors import (
    AvmError,
    DownloadError,
    LinkExpiredError,
    MediaError,
    OutputError,
    RefusedError,
    SelectionError,
    traced,
)
from avm_otio.files import sha256_of
from avm_otio.jobs.journal import Kept
from avm_otio.jobs.pool import Pool
from avm_otio.mix.cues import Cues, Item
from avm_otio.mix.results import media_as_served
from avm_otio.report import Report
from avm_otio.retry import Retrying
from avm_otio.services import Service
from avm_otio.timeline.model import Media
from avm_otio.timeline.urls import name_in

if TYPE_CHECKING:
    from avm_otio.media.probe import SoundFacts

Naming = Callable[[Path], str]
"""The ``target_url`` by which a timeline names a path."""

MOST_AT_ONCE = 6
"""Downloads under way: as many as browsers allow themselves at one host."""


def wanted(cues: Cues, alternatives: int) -> dict[str, Item]:
    """Every item to have, each once, by its name in the journal: ``music 12``, ``effect 7``, ``dialogue 3``.

    Args:
        cues: What the service answered.
        alternatives: How many more than the chosen item are wanted for each place.

    Returns:
        The chosen items, then alternatives.
    """
    chosen = {
        _name(service, item): item
        for service, offered in cues.by_service.items()
        for cue in offered
        for item in cue.items[: cue.pieces]
    }
    laid = {
        _name(service, item): item
        for service, item in _offered(cues, slice(1, 1 + alternatives))
        if service.spare_track  # other alternatives lie on no track
    }
    return chosen | {name: item for name, item in laid.items() if name not in chosen}


def is_here(folder: Path, kept: Kept) -> bool:
    """Whether a file is as it was downloaded: its size and time say so, or its bytes do.

    Args:
        folder: Where it should be.
        kept: What is remembered of it.
    """
    path = folder / kept.file
    try:
        found = path.stat()
        if found.st_size != kept.size_bytes:
            return False
        return found.st_mtime_ns == kept.modified_ns or sha256_of(path) == kept.sha256
    except OSError:
        return False


def download(
    cues: Cues,
    alternatives: int,
    folder: Path,
    kept: Mapping[str, Kept],
    *,
    service_url: str,
    keep: Callable[[str, Kept], None],
    fresh: Callable[[], Cues],
    report: Report,
    choose: Callable[[Cues], Cues] = lambda cues: cues,
) -> dict[str, str]:
    """Fetch the items that are not here, a few at a time.

    An item that can never be had is that item's fault alone: its cue gets the next one. What may pass (the
    network, a server that fails) is no reason to choose another item: it ends the run, to be gone on with.

    Args:
        cues: What the service answered.
        alternatives: How many more than the chosen item are wanted for each place; one that cannot be had is
            left out, with a warning.
        folder: Where the files go, under safe names that begin with the item's id.
        kept: What earlier runs kept.
        service_url: The service that offers them.
        keep: Called with each item once it is here for good; like ``fresh`` and ``report`` in this thread.
        fresh: Asks the service again for what it offers. Called once at most, where an item cannot be had at
            its address.
        report: Where progress goes.
        choose: Chooses what is heard, of what can be had.

    Returns:
        The items that can never be had, by name, and why; for ``Cues.without``.

    Raises:
        DownloadError: A chosen item could not be had today, or none at all can ever be. Those under way were
            let come to their end, and are kept.
        OutputError: The disk is full, or the folder cannot be written.
    """
    from avm_otio.media.partial import sweep

    wish = _Wish(cues, alternatives, choose)
    failure: AvmError | None = None
    renewed: set[str] = set()
    addresses = cache(partial(_addresses, fresh))
    stems = _stems(cues)
    waiting = deque(name for name in wish.more() if name not in kept or not is_here(folder, kept[name]))
    if not waiting:
        return {}
    missing, done = len(waiting), 0
    with Pool[Kept]() as pool, report.step("Downloading", missing) as advance:
        while waiting or pool.running:
            while waiting and pool.running < MOST_AT_ONCE:
                name = waiting.popleft()
                item = wish.items[name]
                pool.start(name, partial(_fetch, item, folder, stems[name], service_url, pool.pause))
            name, came = pool.next()
            if isinstance(came, DownloadError) and failure is None and _leads_nowhere(came):
                now = addresses()
                if name in now.by_name and name not in renewed:
                    renewed.add(name)
                    wish.items[name] = replace(wish.items[name], url=now.by_name[name])
                    waiting.appendleft(name)
                    continue
                if name not in now.by_name:
                    came.hint, came.may_pass = now.otherwise, came.may_pass or not now.came
            if isinstance(came, Kept):
                keep(name, came)
                report.event("item_downloaded", id=wish.items[name].id, path=str(folder / came.file))
            else:
                if name not in wish.chosen and not isinstance(came, OutputError):
                    report.warn(f"Alternative left out: {came}")
                failure = failure or wish.failure_of(name, came)
            if failure is not None:
                waiting.clear()
            else:
                more = [each for each in wish.more() if each not in kept or not is_here(folder, kept[each])]
                waiting.extend(more)
                missing += len(more)
            done += 1
            advance(done, missing)
    failure = failure or wish.failure
    if failure is not None:
        raise failure
    sweep(folder)
    for name, reason in wish.lost.items():
        report.event("item_unavailable", name=name, reason=reason)
    return wish.lost


class _Wish:
    """What is wanted of an answer, which changes with what cannot be had.

    Attributes:
        items: What is wanted or was, by name.
        chosen: What is to be laid, by name.
        lost: What can never be had, by name, and why.
    """

    def __init__(self, cues: Cues, alternatives: int, choose: Callable[[Cues], Cues]) -> None:
        self._cues = cues
        self._choose = choose
        self._alternatives = alternatives
        self._failed: dict[str, AvmError] = {}
        self._has_changed = True
        self.items: dict[str, Item] = {}
        self.chosen: Collection[str] = ()
        self.lost: dict[str, str] = {}

    def more(self) -> list[str]:
        """What is wanted now and was not before, by name, the most important first."""
        if not self._has_changed:
            return []
        self._has_changed = False
        left = self._choose(self._cues.without(self.lost))
        self.chosen = wanted(left, 0)
        added = {
            name: item for name, item in wanted(left, self._alternatives).items() if name not in self.items
        }
        self.items |= added
        return list(added)

    def failure_of(self, name: str, error: AvmError) -> AvmError | None:
        """Take note that an item could not be had; what ends the run for it, if anything does."""
        if isinstance(error, OutputError):
            return error
        self._failed[name] = error
        if _is_lost(error):
            self.lost[name] = error.what
            self._has_changed = True
            return None
        return error if name in self.chosen else None

    @property
    def failure(self) -> AvmError | None:
        """What ends the run once nothing is left to fetch.

        An alternative that could not be had today may have come to be chosen. Where nothing at all can ever
        be had, the fault may lie elsewhere, and nothing is decided.
        """
        today = (self._failed[name] for name in self.chosen if name in self._failed)
        everything = (self._failed[name] for name in self.lost if not self.chosen)
        return next(today, None) or next(everything, None)


def sounds_in(cues: Cues, folder: Path, kept: Mapping[str, Kept], naming: Naming) -> Callable[[Item], Media]:
    """The media of downloaded items, by what the journal remembers alone: no file is opened.

    Args:
        cues: What the service answered.
        folder: Where the files are.
        kept: What was downloaded.
        naming: How the timeline names a file.

    Returns:
        The media of each item; it raises ``LookupError`` for one that was left out.
    """
    sounds = {
        _key(item): _sound(naming(folder / kept[name].file), kept[name])
        for service, item in _offered(cues, slice(None))
        if (name := _name(service, item)) in kept
    }
    return lambda item: sounds[_key(item)]


def found_in(folder: Path | None, naming: Naming) -> Callable[[Item], Media]:
    """The media of items by the files of a folder, ``<id>.*`` or by title; as the service says, where none.

    Args:
        folder: The folder; ``None`` for none.
        naming: How the timeline names a file.

    Raises:
        SelectionError: There is no such folder.
    """
    if folder is None:
        return media_as_served
    if not folder.is_dir():
        raise SelectionError(f"There is no folder {folder}.", "Give the folder that holds the items.")
    files = sorted((path for path in folder.iterdir() if path.is_file()), reverse=True)
    by_stem = {path.stem: path for path in files if not path.name.startswith(".")}
    sounds: dict[tuple[str, str], Media] = {}

    def media_of(item: Item) -> Media:
        if _key(item) not in sounds:
            path = _file_of(item, by_stem)
            sounds[_key(item)] = media_as_served(item) if path is None else _measured(path, naming)
        return sounds[_key(item)]

    return media_of


def _offered(cues: Cues, ranks: slice) -> Iterator[tuple[Service, Item]]:
    """The items of some ranks for each cue, with whose they are."""
    return (
        (service, item)
        for service, offered in cues.by_service.items()
        for cue in offered
        for item in cue.items[ranks]
    )


def _name(service: Service, item: Item) -> str:
    return f"{service.item} {item.id}"


def _stems(cues: Cues) -> dict[str, str]:
    """A file stem for each item; those of several kinds that share an id say their kind."""
    from avm_otio.media.naming import safe_stem

    offered = {_name(service, item): (service, item) for service, item in _offered(cues, slice(None))}
    sharing = Counter(item.id for _, item in offered.values())
    return {
        name: safe_stem(item.id, f"{service.item} {item.title}" if sharing[item.id] > 1 else item.title)
        for name, (service, item) in offered.items()
    }


def _leads_nowhere(error: AvmError) -> bool:
    """Whether another address of the item may help."""
    return isinstance(error, LinkExpiredError) or _is_lost(error)


def _is_lost(error: AvmError) -> bool:
    """Whether an item can never be had: what is wrong is the item or its address, not the way to it."""
    return isinstance(error, DownloadError) and not error.may_pass


@dataclass(frozen=True, slots=True)
class _Addresses:
    """Where the service says that items lie now.

    Attributes:
        by_name: The addresses, by the items' names.
        came: Whether the service said so; otherwise it could not be asked.
        otherwise: Why an item has no address there.
    """

    by_name: Mapping[str, str]
    came: bool
    otherwise: str


def _addresses(fresh: Callable[[], Cues]) -> _Addresses:
    try:
        offered = _offered(fresh(), slice(None))
    except AvmError as error:
        otherwise = f"The service gave no fresh address: {error}"
        if isinstance(error, RefusedError) and error.status == 404:
            otherwise = "The service has the film no longer: --again asks again."
        return _Addresses({}, False, otherwise)
    found = {_name(service, item): item.url for service, item in offered if item.url}
    return _Addresses(found, True, "The service has it no longer.")


def _fetch(item: Item, folder: Path, stem: str, service_url: str, pause: Callable[[float], None]) -> Kept:
    """One item, whole, heard to its end and under its name."""
    from avm_otio.media.fetch import fetch
    from avm_otio.media.probe import sound_length

    if item.url is None:
        raise LinkExpiredError(f"{stem}: the service gave no address for it.")
    try:
        path = fetch(
            item.url,
            folder,
            stem,
            service_url=service_url,
            progress=lambda done, total: pause(0),
            retrying=Retrying(sleep=pause),
        )
    except AvmError:
        raise
    except Exception as error:  # whatever an address or a server can do is this item's fault alone
        message = f"{stem}: it cannot be fetched ({type(error).__name__})."
        unforeseen = traced(DownloadError(message, "Report it to the service."), error)
        unforeseen.may_pass = _is_this_machines(error)
        keep_trace(unforeseen)
        raise unforeseen from error
    try:
        facts = sound_length(path)
        if min(facts.samples, facts.sample_rate_hz, facts.channels) < 1:
            raise MediaError(f"{path} holds no sound.")
    except Exception as error:  # so is whatever a file can do
        path.unlink(missing_ok=True)
        message = f"{stem}: what came ({path.name}) does not play."
        failed = DownloadError(message, "Run it again; if it stays so, report it to the service.")
        failed.may_pass = _is_this_machines(error.__cause__ or error)
        if not isinstance(error, AvmError):
            keep_trace(traced(failed, error))
        raise failed from error
    return remembered(path, facts)


def remembered(path: Path, facts: SoundFacts) -> Kept:
    """What a job remembers of a sound in its media folder.

    Args:
        path: The file.
        facts: What was found in it.
    """
    found = path.stat()
    return Kept(
        file=path.name,
        size_bytes=found.st_size,
        modified_ns=found.st_mtime_ns,
        sha256=sha256_of(path),
        samples=facts.samples,
        sample_rate_hz=facts.sample_rate_hz,
        channels=facts.channels,
    )


def _is_this_machines(error: BaseException) -> bool:
    """Whether it is the machine that could not read a file, be it for want of memory, and not the file."""
    of_ffmpeg = type(error).__module__.startswith("av.")
    return isinstance(error, OSError | MemoryError) and not of_ffmpeg


def _key(item: Item) -> tuple[str, str]:
    return item.name, item.url or ""


def _file_of(item: Item, by_stem: Mapping[str, Path]) -> Path | None:
    from avm_otio.media.naming import safe_stem

    stems = (str(item.id), safe_stem(item.id, item.title), item.title)
    return next((by_stem[stem] for stem in stems if stem in by_stem), None)


def _measured(path: Path, naming: Naming) -> Media:
    from avm_otio.media.probe import sound_length

    return _sound(naming(path), sound_length(path))


def _sound(url: str, facts: SoundFacts | Kept) -> Media:
    return Media(
        name=name_in(url),
        path=url,
        duration=Fraction(facts.samples, facts.sample_rate_hz),
        sample_rate_hz=facts.sample_rate_hz,
        channels=facts.channels,
    )

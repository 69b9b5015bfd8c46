"""The way out: a timeline written as the files that an editor opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from avm_otio.errors import OutputError
from avm_otio.files import same_file, whole, write_text
from avm_otio.formats.format import AS_IT_IS, Target
from avm_otio.formats.making import many_values
from avm_otio.formats.table import writer_of
from avm_otio.strangers import kept, named_path
from avm_otio.timeline.drawings import Drawings
from avm_otio.timeline.features import Loss
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import Clip, Media, Timeline
from avm_otio.timeline.within_media import within_media


def write(
    timeline: Timeline,
    path: Path,
    *,
    editor: str = "",
    never: Path | None = None,
    is_media: Callable[[Path], bool] = Path.is_file,
    drawings: Drawings | None = None,
    theme: str = "auto",
    prices: bool = False,
    into: Path | None = None,
) -> tuple[tuple[Path, ...], tuple[Loss, ...]]:
    """Write what an editor opens; each file appears whole or not at all.

    Args:
        timeline: The timeline, its media where they were delivered; not modified.
        path: Where to write; its suffix names the format.
        editor: Name of the editor that will open it; whoever opens such files where empty.
        never: What may not be written over: the file that the timeline was read from.
        is_media: Whether a file is media, and so may go into a bundle.
        drawings: What of the media a picture shows.
        theme: Colours of a picture.
        prices: Whether a picture shows prices.
        into: The folder in which the files are put for now, to be moved to ``path`` with all else: what they
            say is meant from ``path``.

    Returns:
        Every file that was written, the one asked for first; and what they do not say as the timeline does.

    Raises:
        OutputError: A file cannot be written; it is absent then.
        TimelineError: The format cannot hold the timeline at all.
        UsageError: No format writes such a file.
    """
    found = writer_of(path.suffix.lower(), editor)
    assert found.write is not None  # or it would not have been found
    with many_values():
        cut = Losses(timeline)
        if editor != AS_IT_IS:
            timeline = within_media(timeline, cut, between_frames=found.between_frames)
        if named_path(path) != path:
            timeline = _with_strangers_paths(timeline)
        target = Target(named_path(path), editor, is_media, drawings, theme, prices)
        files, losses = found.write(timeline, target)
        files = {kept(each if into is None else into / each.name): made for each, made in files.items()}
        for each in files:
            if never is not None and same_file(each, never):
                raise OutputError(f"{each} is the input itself.", "Choose another name for the output.")
        for each, content in reversed(list(files.items())):  # where one is there, all that belong to it are
            if isinstance(content, str):
                write_text(each, content)
            else:
                with whole(each) as temporary:
                    content(temporary)
    return tuple(files), (*cut, *losses)


def _with_strangers_paths(timeline: Timeline) -> Timeline:
    """A stranger's timeline, its media where the stranger knows them."""

    def of_clip(clip: Clip) -> Clip:
        if isinstance(clip.content, Timeline):
            return replace(clip, content=_with_strangers_paths(clip.content))
        if isinstance(clip.content, Media) and clip.content.path:
            return replace(clip, content=replace(clip.content, path=str(named_path(Path(clip.content.path)))))
        return clip

    tracks = (replace(track, clips=tuple(map(of_clip, track.clips))) for track in timeline.tracks)
    return replace(timeline, tracks=tuple(tracks))

"""``target_url``, which every program writes in its own way, and the paths that it may mean."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import quote, unquote, urlsplit

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(?!\\)", re.ASCII)
_DRIVE = re.compile(r"/?[A-Za-z]:[/\\]", re.ASCII)
_SAFE = "/!$&'()*+,;=:@-._~"
"""Characters that a URL's path may carry as they are (RFC 3986, ``pchar`` and the slash)."""


class UrlStyle(StrEnum):
    """How a timeline names its media."""

    RELATIVE = "relative"
    PATH = "path"
    FILE_URL = "file url"


def is_web(url: str) -> bool:
    """Whether it points elsewhere than at a file: any scheme but ``file``."""
    return _SCHEME.match(url) is not None and not url.lower().startswith("file:") and not _DRIVE.match(url)


def is_relative(url: str) -> bool:
    """Whether it is meant from the timeline's own folder."""
    return bool(url) and not _SCHEME.match(url) and not _DRIVE.match(url) and url[0] not in "/\\"


def paths_of(url: str, folder: Path) -> tuple[Path, ...]:
    """The paths that a ``target_url`` may mean, likeliest first: as written, then percent-decoded.

    Args:
        url: As the timeline writes it: a path of either system, a ``file:`` URL, or a relative URL.
        folder: The timeline's folder, from which relative ones are meant.
    """
    if not url or is_web(url) or "\0" in url:
        return ()
    written = url
    if url.lower().startswith("file:"):
        written = url[5:]
        if written.startswith("//"):
            host, _, rest = written[2:].partition("/")
            written = f"/{rest}" if host.lower() in ("", "localhost") else f"//{host}/{rest}"
            if re.fullmatch(r"[A-Za-z]:", host):
                written = f"{host}/{rest}"
        if _DRIVE.match(written):
            written = written.lstrip("/")
    forms = dict.fromkeys((written, unquote(written)))
    if os.sep == "/":
        forms |= dict.fromkeys(
            form.replace("\\", "/") for form in list(forms) if "\\" in form and not _DRIVE.match(form)
        )
    return tuple(folder / form for form in forms if "\0" not in form)


def url_of(path: Path, style: UrlStyle, folder: Path) -> str:
    """A path as a timeline in ``folder`` names it."""
    if style is UrlStyle.PATH:
        return str(path.absolute())
    if style is UrlStyle.RELATIVE:
        try:
            beside = os.path.relpath(path.absolute(), folder.absolute())
        except ValueError:  # another drive
            return path.absolute().as_uri()
        return quote(PurePosixPath(*Path(beside).parts).as_posix(), safe=_SAFE.replace(":", ""))
    return path.absolute().as_uri()


def file_url(path: str, host: str = "") -> str:
    r"""A path of either system as a percent-encoded ``file:`` URL; an address on the web as it is.

    Args:
        path: Absolute: ``/…``, ``C:\…``, ``C:/…`` or a share, ``\\server\…``.
        host: Whose file it is; editors of old write ``localhost``.
    """
    if is_web(path):
        return path
    windows = _DRIVE.match(path) is not None or path.startswith("\\\\")
    plain = path.replace("\\", "/") if windows else path
    if plain.startswith("//"):
        return "file:" + quote(plain, safe="/!$()*,.-_~", errors="replace")
    return f"file://{host}/" + quote(plain.lstrip("/"), safe="/!$()*,.-_~", errors="replace")


def plain_path(url: str) -> str:
    """The path that a URL or a path means, decoded, in the form of its own system; anything else as it is."""
    if not url.lower().startswith("file:"):
        return url
    rest = url[5:]
    if rest.startswith("//"):
        host, _, rest = rest[2:].partition("/")
        if re.fullmatch(r"[A-Za-z](:|%3[aA])", host):
            rest = f"{host}/{rest}"
        elif host.lower() not in ("", "localhost"):
            return "\\\\" + unquote(f"{host}/{rest}").replace("/", "\\")
        else:
            rest = f"/{rest}"
    path = unquote(rest)
    if path.startswith("//"):
        return path.replace("/", "\\")
    return path.lstrip("/").replace("/", "\\") if _DRIVE.match(path) else path


def place_of(url: str, folder: Path) -> str:
    """The one place that a ``target_url`` means where nothing is there to tell: a file that is offline.

    Args:
        url: As the timeline writes it.
        folder: The timeline's folder, from which relative ones are meant.

    Returns:
        An absolute path in the form of its own system, or the address of something on the web.
    """
    if is_web(url):
        return url
    path = plain_path(url)
    if not is_relative(path):
        return path
    beside = unquote(path)
    return str(folder / (beside.replace("\\", "/") if os.sep == "/" else beside))


def rebased(url: str, old_folder: Path, new_folder: Path) -> str:
    """A relative URL, said from another folder; any other as it is.

    What is percent-encoded stays so, and what is not stays a plain path.
    """
    if not is_relative(url) or old_folder.absolute() == new_folder.absolute():
        return url
    literal, *decoded = paths_of(url, old_folder)
    encoded = bool(decoded) and not literal.exists()
    if encoded or quote(url, safe=_SAFE) == url:
        return url_of(decoded[0] if encoded else literal, UrlStyle.RELATIVE, new_folder)
    try:
        return Path(os.path.relpath(literal.absolute(), new_folder.absolute())).as_posix()
    except ValueError:  # another drive
        return literal.absolute().as_uri()


@lru_cache(maxsize=4096)  # many clips of one file, and a path is slow to take apart
def name_in(place: str) -> str:
    """The file name at the end of a path or URL of any system."""
    if "://" in place or place.startswith("file:"):
        try:
            place = unquote(urlsplit(place).path)
        except ValueError:  # brackets that are no address
            place = unquote(place)
    windows = "\\" in place
    return (PureWindowsPath(place) if windows else PurePosixPath(place)).name

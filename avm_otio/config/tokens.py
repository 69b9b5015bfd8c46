"""The API tokens: in ``AVM_TOKEN``, the system's keyring, or at last a file that only its owner reads."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

from avm_otio.config.folders import APP, config_dir
from avm_otio.errors import InputError, OutputError, TokenRefusedError, UsageError
from avm_otio.files import make_folder, unwritable, whole

VARIABLE = "AVM_TOKEN"

_SENDABLE = re.compile(r"[\x21-\x7e]{1,4096}")
"""What a header takes without quoting (RFC 9110, 5.5), blanks left out."""

_SHORTEST_HIDDEN = 6
"""Shorter tokens are no secrets (a local engine takes any), and hiding them would garble ordinary words."""

_secrets: set[str] = set()
"""Every token that this process has seen, so that ``hidden`` can keep it out of all that is shown."""

_failing_quietly = suppress(Exception)
"""Keyring backends fail in their own ways: locked, no desktop, no D-Bus. None of them stops a run."""


class Token:
    """An API token that shows itself only when asked to.

    Args:
        value: The token; white space around it is not part of it.
        source: Where it came from, in words.

    Raises:
        UsageError: It is empty, or has characters that cannot be sent.
    """

    __slots__ = ("_value", "source")

    def __init__(self, value: str, source: str) -> None:
        self._value = value.strip()
        self.source = source
        if not self._value:
            raise UsageError(f"The token from {source} is empty.", "Copy it from your account and try again.")
        if not _SENDABLE.fullmatch(self._value):
            raise UsageError(
                f"The token from {source} has characters that no token has.",
                "Give the token alone: no blanks, no quotes, not the word Token before it.",
            )
        if len(self._value) >= _SHORTEST_HIDDEN:
            _secrets.add(self._value)

    def reveal(self) -> str:
        """The token itself, for the header alone."""
        return self._value

    def __repr__(self) -> str:
        return f"Token(set, from {self.source})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not pickled")


def hidden(text: str) -> str:
    """A text without any token that this process has seen."""
    for value in sorted({*_secrets, *_in_environment()}, key=len, reverse=True):
        text = text.replace(value, "[token]")
    return text


def find_token(origin: str) -> Token:
    """The token for a service: ``AVM_TOKEN``, else the keyring's, else the file's.

    Args:
        origin: The service's origin, ``Settings.origin``.

    Raises:
        TokenRefusedError: There is none.
        InputError: Others can read the file that holds it.
        UsageError: What is there cannot be a token.
    """
    if given := os.environ.get(VARIABLE, "").strip():
        return Token(given, VARIABLE)
    if kept := _from_keyring(origin):
        return Token(kept, "the keyring")
    file = token_file(origin)
    if (kept := _from_file(file)) is not None:
        return Token(kept, str(file))
    raise TokenRefusedError(f"There is no token for {origin}.", "Run avm-otio login, or set AVM_TOKEN.")


def store_token(token: Token, origin: str) -> str:
    """Keep a token in the keyring, or where there is none in a file for its owner's eyes only.

    Returns:
        Where it went, in words.

    Raises:
        OutputError: It could not be kept.
    """
    file = token_file(origin)
    if _into_keyring(origin, token.reveal()):
        _remove(file)
        return "the keyring"
    make_folder(file.parent)
    with whole(file, mode=0o600) as temporary:
        temporary.write_text(token.reveal(), encoding="ascii")
    return f"{file}, which only you can read, since this system has no keyring"


def forget_token(origin: str) -> tuple[str, ...]:
    """Remove a service's token from the keyring and the file.

    Returns:
        Where one was removed, in words.

    Raises:
        OutputError: It is there and cannot be removed.
    """
    gone = []
    if _from_keyring(origin):
        with _failing_quietly:
            import keyring

            keyring.delete_password(APP, origin)
        if _from_keyring(origin):
            raise OutputError("The keyring kept the token.", "Remove it in the system's settings.")
        gone.append("the keyring")
    file = token_file(origin)
    if _remove(file):
        gone.append(str(file))
    return tuple(gone)


def token_file(origin: str) -> Path:
    """Where a service's token lies where there is no keyring."""
    return config_dir() / f"token-{quote(origin, safe='')}"


def _from_keyring(origin: str) -> str | None:
    with _failing_quietly:
        import keyring

        return keyring.get_password(APP, origin)
    return None


def _into_keyring(origin: str, value: str) -> bool:
    with _failing_quietly:
        import keyring

        keyring.set_password(APP, origin, value)
    # Some backends take everything and keep nothing.
    return _from_keyring(origin) == value


def _from_file(file: Path) -> str | None:
    try:
        with file.open(encoding="ascii", errors="replace") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise InputError(
                    f"Others on this machine can read the token in {file}.",
                    f"Run: chmod 600 '{file}' — and ask for a new token if others may have seen it.",
                )
            return stream.read(8192)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}).", "Change its permissions.") from error


def _remove(file: Path) -> bool:
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unwritable(file, error) from error
    return True


def _in_environment() -> set[str]:
    value = os.environ.get(VARIABLE, "").strip()
    return {value} if len(value) >= _SHORTEST_HIDDEN else set()

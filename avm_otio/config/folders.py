"""Where the user's configuration and cache lie."""

from __future__ import annotations

import os
from pathlib import Path

APP = "avm-otio"


def config_dir() -> Path:
    """The configuration's folder: ``AVM_CONFIG_DIR``, or the system's place for it. May not exist yet."""
    if given := os.environ.get("AVM_CONFIG_DIR"):
        return Path(given).expanduser().absolute()
    from platformdirs import user_config_path

    return user_config_path(APP, appauthor=False)


def config_file() -> Path:
    """The configuration file. May not exist."""
    return config_dir() / "config.toml"


def default_cache_dir() -> Path:
    """The cache's folder where the file says nothing: ``AVM_CACHE_DIR``, or the system's place for it."""
    if given := os.environ.get("AVM_CACHE_DIR"):
        return Path(given).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path(APP, appauthor=False)

"""One stage for all tests of a worker: an engine and a proxy take a second to begin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.stage import Stage, stage


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("faults")) as made:
        yield made


@pytest.fixture(scope="session")
def undisturbed(played: Stage) -> Any:
    """What every disturbed job has to end as."""
    return played.reference()

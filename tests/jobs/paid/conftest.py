"""A cut, a service that answers it, and ``score`` as its user runs it."""

from __future__ import annotations

from tests.jobs.small_cut import cut, footage, score, service

__all__ = ["cut", "footage", "score", "service"]

"""The JSON keys of the three film services, in requests and in results: the one place that names them.

The reference names the key for music only. The other two are assumptions by analogy; ``[service_keys]`` in
the configuration overrides them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MUSIC_KEY = "music_mapping_service"
DENOISE_KEY = "noise_reduction_service"
EFFECTS_KEY = "sound_effect_service"


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    """The keys that a service really uses."""

    music: str = MUSIC_KEY
    denoise: str = DENOISE_KEY
    effects: str = EFFECTS_KEY

    def ours(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """An answer as it came, with its services under the keys that this program reads."""
        name = {self.music: MUSIC_KEY, self.denoise: DENOISE_KEY, self.effects: EFFECTS_KEY}
        return {name.get(key, key): value for key, value in answer.items()}

    def theirs(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """The way back: as the service writes it."""
        name = {MUSIC_KEY: self.music, DENOISE_KEY: self.denoise, EFFECTS_KEY: self.effects}
        return {name.get(key, key): value for key, value in answer.items()}

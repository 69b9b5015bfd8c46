"""avm_otio: music and sound effects for a cut, laid into your own timeline at the right frame."""

from __future__ import annotations

__version__ = "0.1.0"

"""OTIO with what one editor wants beside it."""

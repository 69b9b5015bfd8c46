"""OTIO's own files, plain or as one editor wants them."""

"""A timeline written for one editor, with its media beside it."""

"""Pro Tools: the text of a session."""

"""The service's API: what it says (models), how to ask it (client), when to ask again (retry)."""

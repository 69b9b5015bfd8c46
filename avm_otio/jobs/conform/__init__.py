"""A soundtrack taken along into a changed cut."""

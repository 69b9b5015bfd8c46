"""A scored cut followed into a changed cut: what shows the same source frames takes its cues along."""

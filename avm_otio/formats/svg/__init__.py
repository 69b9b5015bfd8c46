"""A picture of a timeline."""

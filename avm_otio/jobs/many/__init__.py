"""Many jobs at once, with one limit for all."""

"""Reaper's projects."""

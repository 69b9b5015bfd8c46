"""Folders in which requests are left."""

"""Kdenlive's own projects."""

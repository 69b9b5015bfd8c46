"""Cue sheets as files: CSV, JSON, a workbook, a page to print, and credits."""

"""FCPXML, as Final Cut Pro writes and reads it."""

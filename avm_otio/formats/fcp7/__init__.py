"""Final Cut Pro 7's XML (xmeml), as Premiere Pro writes and reads it."""

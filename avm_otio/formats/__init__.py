"""Timeline files: reading every format that editors write, writing what they import."""

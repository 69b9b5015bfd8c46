"""AAF, as Media Composer and Pro Tools write and read it."""

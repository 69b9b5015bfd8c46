"""One run: the steps put together, in a folder of its own."""

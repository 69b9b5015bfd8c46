"""A page on this machine on which every alternative is heard in sync with the picture, and chosen."""

"""Media files: what they are (probe), where they are (locate), and the film made of them (film)."""

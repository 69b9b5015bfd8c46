"""Readers of what we write that share no code with ours: by the format's own rules, or another's program.

``own`` alone is our reader: what we wrote must come back through it, too.
"""

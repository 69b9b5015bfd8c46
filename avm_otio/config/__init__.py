"""What the user set. Tokens are kept apart from it.

``settings`` is the list of all that can be set, ``load`` reads it (flag > environment > file > default),
``edit`` changes the file, ``options`` are names for the service's option ids, ``tokens`` is where tokens lie.
"""

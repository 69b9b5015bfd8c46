"""The remote service: what it is asked (request), how (client, wire), until it is done (waiting, notify)."""

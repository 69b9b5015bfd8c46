"""The local engine: a service that speaks the same API over the user's own library."""

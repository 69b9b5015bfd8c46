"""What agents may do: as a person at the shell, in folders given to them, never paid for unconfirmed."""

"""The command line: arguments, exit codes, progress, --json events, and nothing else."""

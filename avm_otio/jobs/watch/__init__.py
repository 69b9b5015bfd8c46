"""Watch folders: editors leave requests in a folder, and a watcher carries them out."""

"""CMX3600 edit decision lists."""

"""Pure: what a service answered, laid onto the timeline."""

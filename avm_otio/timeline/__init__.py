"""Pure: exact time, the timeline's values, and what is selected of it."""

"""A turnover: all that a mixer gets, in one folder; written, and looked through."""

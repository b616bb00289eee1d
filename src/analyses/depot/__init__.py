"""The raw files of a year: read, checked, gated."""

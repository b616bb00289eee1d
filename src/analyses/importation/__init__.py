"""PES files and finance exports into the raw tables."""

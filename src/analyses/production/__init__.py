"""Running the notebooks, moving a report into place."""

"""Every figure, one row each."""

"""Year-end consumption of budget lines: projected, with calibrated intervals, and measured."""

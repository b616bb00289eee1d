"""The signed contracts as data: clauses, cells, readings, contradictions."""

"""Codes of the two funders that every contract has: the State and the département."""

ETAT, CD = "etat", "cd"

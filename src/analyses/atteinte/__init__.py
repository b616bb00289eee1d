"""Indicators: targets, results, attainment."""

"""Underconsumption: planned trajectory, situation, projection, judgment."""

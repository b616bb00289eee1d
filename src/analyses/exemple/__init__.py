"""The simulated example."""

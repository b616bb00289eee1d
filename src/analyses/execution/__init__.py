"""What was spent, paid and received. No rule of the contracts on who bears it."""

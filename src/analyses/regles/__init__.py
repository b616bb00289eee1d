"""Who bears the expenditure, what is carried over, what is owed."""

"""Each ledger line sent to its actions and judged eligible or not."""

"""One module per command: `add` declares it (French help), its function runs it."""

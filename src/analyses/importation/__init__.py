"""From the files of accountants and finance software to the ledger of each exercise."""

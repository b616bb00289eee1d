"""The collection workbook: written for the pilots, read back, merged into the year's files."""

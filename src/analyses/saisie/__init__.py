"""The collection workbook: written, read back, merged."""

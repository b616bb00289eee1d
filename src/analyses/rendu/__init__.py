"""Views of the figures: tables, plots, workbook, pages."""

"""From the signed contracts to the yearly bilans."""

"""Networks whose answers the small network learns from."""

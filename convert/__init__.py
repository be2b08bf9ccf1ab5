"""Desktop: trained network → int8 bundle for the device, if int8 decides as the trained network does."""

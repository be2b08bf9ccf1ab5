"""Desktop: a trained network → an int8 bundle for the device, behind a parity gate."""

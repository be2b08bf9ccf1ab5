"""Whether labels are less often right where a face has a reason: turned, small, dark, blurred or unsure."""

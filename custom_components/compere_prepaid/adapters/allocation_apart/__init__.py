"""Working out large runs in a process of its own."""

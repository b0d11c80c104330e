"""What is measured on the simulated lines: our bus, the peers, and one module a question."""

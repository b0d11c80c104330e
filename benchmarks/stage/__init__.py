"""What benchmarks share: a running mall with Home Assistant, and a probe of its event loop."""

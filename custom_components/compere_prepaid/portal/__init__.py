"""The tenants' page: its own listener, sessions, limits and built assets."""

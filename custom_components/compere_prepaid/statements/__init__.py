"""Statements on paper: printing many of them, handing them out, and sending them."""

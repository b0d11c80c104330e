"""Putting meters into service: finding them, checking them, and writing down what was found."""

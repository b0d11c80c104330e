"""Telling people: who is told what, in which words, when, and what their taps may do."""

"""Payments inside Home Assistant: the providers of a site, its orders, the notices."""

"""The value report inside Home Assistant: what the user knows beside the ledger, and the page."""

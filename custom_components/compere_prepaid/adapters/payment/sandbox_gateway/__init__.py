"""A gateway that speaks WeChat Pay v3 and moves no money.

It was written from the published descriptions and shares no code with our client, so that a
misunderstanding of ours does not cancel out: it checks our signatures with arithmetic of its own.
Sandbox sites take payments through it, and the tests make it misbehave (`faults`).
"""

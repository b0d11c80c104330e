"""The demonstration: a simulated mall and a real Home Assistant that bills it, on this machine.

`script/run` starts it. It uses the front doors only: Home Assistant is onboarded, the site set up
and the site file imported through the same HTTP and WebSocket commands that a browser uses, so what
the demonstration shows is what an owner gets.
"""

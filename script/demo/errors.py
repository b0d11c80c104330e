"""What can keep the demonstration from running, in words for whoever started it."""


class DemoError(Exception):
    """The message says what happened and what to do; no stack trace is shown with it."""

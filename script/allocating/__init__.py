"""Sharing costs out, from the command line and without Home Assistant: `script/allocate --help`."""

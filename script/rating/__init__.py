"""What-if for tariffs, from the command line and without Home Assistant: `script/rate --help`."""

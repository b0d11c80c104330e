"""Runs `script/allocate`."""

import sys

from script.rating.core_alone import open_core

open_core()  # before anything imports the core

from .command import main  # noqa: E402

sys.exit(main(sys.argv[1:]))

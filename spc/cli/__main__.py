"""`python -m spc.cli`, for when the command itself is not on the path."""

import sys

from spc.cli.program import main

sys.exit(main())

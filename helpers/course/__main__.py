"""``python -m helpers.course`` is the `course` command."""

import sys

try:
    from helpers.course.command import app

    app()
except KeyboardInterrupt:  # while the command was still being imported
    print("Interrupted: nothing had begun.", file=sys.stderr)
    sys.exit(130)

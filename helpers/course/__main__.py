"""``python -m helpers.course`` is the `course` command."""

from helpers.course.command import app

app()

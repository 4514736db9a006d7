"""How many examples a property test tries: all where CI is set, else a fifth (twenty at least); always the same."""

import os

from hypothesis import settings


def examples(most: int, **options) -> settings:
    """The settings of a test that tries ``most`` examples in a thorough run; no clock, as others use the machine."""
    count = most if os.environ.get("CI") else min(most, max(20, -(-most // 5)))
    return settings(max_examples=count, deadline=None, derandomize=True, **options)

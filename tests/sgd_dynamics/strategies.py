"""What the tests of several files draw from: a quartic potential, momenta."""

import math

from hypothesis import strategies as st

betas = st.floats(0, 0.999)
nan, inf = math.nan, math.inf


def quartic(theta):
    return theta**3 - theta + 0.1


def quartic_hessian(theta):
    return (3 * theta**2 - 1)[..., None]

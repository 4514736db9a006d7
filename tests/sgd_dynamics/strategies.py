"""What the tests of several files draw from: a quartic potential, momenta, hard inputs; and how they judge results."""

import contextlib
import math
import sys
import warnings

import mpmath
import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples


def many(*makers, inputs=500):
    """Run a test on so many inputs, ten to an example of hypothesis, whose own work would take most of the time.

    makers: each gets a numpy generator and makes one argument of the test. The inputs are the same in every run.
    """

    def decorate(test):
        @examples(-(-inputs // 10))
        @given(st.integers(0, 2**63))
        def run(seed):
            rng = np.random.default_rng(seed)
            for _ in range(min(inputs, 10)):
                test(*(make(rng) for make in makers))

        return run

    return decorate


betas = st.floats(0, 0.999)
nan, inf = math.nan, math.inf


def quartic(theta):
    return theta**3 - theta + 0.1


def quartic_hessian(theta):
    return (3 * theta**2 - 1)[..., None]


# Hard inputs: many scales, types and layouts, and now and then what must be refused


SHAPES = [(), (), (3,), (1,), (2, 1), (2, 3), (2, 3), (4,), (0,)]
KINDS = ["array", "array", "view", "turned", "list", "float32", "tensor", "integers"]
SPECIAL = [0.0, -1.0, 1.0, 2.0, nan, inf, -inf, 5e-324, 1.7e308]


def hard(rng, unit=False):
    """Numbers of all scales, or of [0, 1] where ``unit``, as a scalar, list, array, view or tensor of any shape."""
    shape, kind = SHAPES[rng.integers(len(SHAPES))], KINDS[rng.integers(len(KINDS))]
    if unit:
        values = np.where(rng.random(shape) < 0.5, rng.random(shape), 1 - 10.0 ** -rng.integers(1, 17, shape))
    else:
        wide = rng.uniform(1, 10, shape) * 10.0 ** rng.integers(-150, 150, shape)
        values = np.where(rng.random(shape) < 0.5, 4 * rng.random(shape), wide)
    values = np.where(rng.random(shape) < 0.04, rng.choice(SPECIAL, shape), values)
    if kind == "view":
        return np.repeat(values[..., None], 2, -1)[..., 0]
    if kind == "turned":
        return np.asfortranarray(values.T[..., ::-1])[..., ::-1].T if shape else values
    if kind == "list":
        return values.tolist()
    if kind == "float32":
        return np.clip(values, -3e38, 3e38).astype(np.float32)
    if kind == "tensor":
        return torch.tensor(values, requires_grad=True)
    if kind == "integers":
        return np.nan_to_num(np.clip(values, -9, 9)).round().astype(np.int64)
    return values


def laid_out(rng, values):
    """The same numbers as an array, a view, in the other order, as a list, or as a tensor that requires a gradient."""
    kind = rng.integers(5)
    if kind == 0 and values.ndim:
        return np.repeat(values, 2, -1)[..., ::2]
    if kind == 1 and values.ndim:  # a number would become one of an axis
        return np.asfortranarray(values)
    if kind == 2:
        return values.tolist()
    return torch.tensor(values, requires_grad=True) if kind == 3 else values


@contextlib.contextmanager
def quiet_and_unchanged(*given):
    """A warning is an error, and what was given is the same afterwards."""
    before = [plain(value) for value in given]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    for value, old in zip(given, before, strict=True):
        np.testing.assert_array_equal(plain(value), old)


def share(rng):
    """The same with numbers of [0, 1]."""
    return hard(rng, unit=True)


def a_seed(rng):
    return int(rng.integers(2**63))


def whole(low, high):
    return lambda rng: int(rng.integers(low, high))


def between(low, high):
    return lambda rng: float(rng.uniform(low, high))


def plain(value):
    """As a float64 array, whatever it is."""
    return np.array(value.detach().numpy() if isinstance(value, torch.Tensor) else value, dtype=float)


def right_or_refused(function, arguments, valid, oracle, slack, fixed=None):
    """``function`` gives what ``oracle`` gives at every entry, or refuses for a reason; it warns and changes nothing.

    arguments: by name; valid and oracle take one float, one mpf, of each. slack(…): (relative, absolute) tolerance.
    fixed: further arguments, passed on unchanged.
    """
    before = {name: plain(value) for name, value in arguments.items()}
    try:
        entries = np.broadcast_arrays(*before.values())
    except ValueError:
        entries = None
    good = entries is not None and entries[0].size > 0 and all(np.isfinite(part).all() for part in entries)
    rows = [tuple(map(float, row)) for row in zip(*(part.flat for part in entries), strict=True)] if good else []
    good, expected = good and all(valid(*row) for row in rows), []
    if good:
        with mpmath.workdps(60):
            for row in rows:
                found = oracle(*map(mpmath.mpf, row))
                expected.append(found if isinstance(found, tuple) else (found,))
        good = all(abs(x) < sys.float_info.max for row in expected for x in row)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = function(**arguments, **(fixed or {}))
        except ValueError as error:
            assert not good, f"refused: {error}"
            assert any(name in str(error).split(":")[0].split(", ") for name in arguments), error
            result = None
    for name, value in arguments.items():
        np.testing.assert_array_equal(plain(value), before[name])
    if result is None:
        return
    assert good, f"accepted: {arguments}"
    result = result if isinstance(result, tuple) else (result,)
    for part in result:
        assert np.shape(part) == entries[0].shape
    for i, row in enumerate(rows):
        relative, absolute = slack(*row)
        for part, right in zip(result, expected[i], strict=True):
            given = mpmath.mpf(float(np.asarray(part).flat[i]))
            assert abs(given - right) <= relative * abs(right) + absolute, (row, given, right)

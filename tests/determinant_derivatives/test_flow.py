"""Linear flows against the matrix exponential and closed solutions."""

import warnings

import numpy as np
import pytest
import scipy
from hypothesis import given

from helpers.determinant_derivatives import flow, linear_flow
from tests.determinant_derivatives.strategies import exact_or_error, many, seeds


def test_linear_flow_solves_known_flows():
    generator = np.array([[0.1, -2.0], [2.0, 0.1]])
    times = np.array([0.0, 0.5, 2.0])
    Phi = linear_flow(lambda t: generator, np.eye(2), times)
    assert np.allclose(Phi, [scipy.linalg.expm(generator * t) for t in times], rtol=1e-9, atol=1e-10)
    grown = linear_flow(lambda t: np.array([[np.cos(t)]]), [[1.0, 2.0]], [3.0])
    assert np.allclose(grown, [[[np.exp(np.sin(3)), 2 * np.exp(np.sin(3))]]], rtol=1e-9)
    for times in ([], [0.0], [1.0, 1.0], [-1.0, 1.0], 1.0):
        with pytest.raises(ValueError, match="times: "):
            linear_flow(lambda t: generator, np.eye(2), times)
    with pytest.raises(ValueError, match=r"start: has shape \(2,\)"):
        linear_flow(lambda t: generator, [1.0, 0.0], [1.0])
    with pytest.raises(ValueError, match=r"matrix_of_time: returned shape \(2, 2\) at time 0; give .* n = 3"):
        linear_flow(lambda t: generator, np.eye(3), [1.0])


@pytest.mark.parametrize("rate", [-90.0, 0.0, 60.0])
@pytest.mark.parametrize("size", [1e-300, 1e-15, 1.0, 1e40])
def test_the_error_is_relative_to_what_is_left(rate, size):
    start = size * np.array([[1.0, 0.0], [0.0, 1e-3]])
    end = linear_flow(lambda t: np.diag([rate, 0.5]), start, [1.0])[0]
    expected = start @ np.diag([0.0, np.exp(0.5)])
    with np.errstate(under="ignore"):
        expected[0, 0] = np.exp(rate + np.log(size))
    assert end == pytest.approx(expected, rel=1e-8, abs=0)


def test_flows_without_an_end_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="matrix_of_time: is ndarray"):
        linear_flow(np.eye(2), np.eye(2), [1.0])
    with warnings.catch_warnings(), pytest.raises(ValueError, match="matrix_of_time: holds inf|times: "):
        warnings.simplefilter("error")
        linear_flow(lambda t: np.eye(2) / np.float64(1 - t), np.eye(2), [1.0])
    monkeypatch.setattr(flow, "_MOST_EVALUATIONS", 3000)

    def blow_up(t):
        return np.eye(2) / (1 - t) ** 2

    for times in ([np.nan], [0, np.inf], [0, np.nan, 1]):
        with pytest.raises(ValueError, match="times: holds"):
            linear_flow(blow_up, np.eye(2), times)
    with pytest.raises(ValueError, match=r"times: 3000 evaluations of A\(t\) led to 0.9"):
        linear_flow(blow_up, np.eye(2), [0.5, 2.0])
    with pytest.raises(ValueError, match="times: the result is larger than the range of float64"):
        linear_flow(lambda t: 20 * np.eye(2), 1e305 * np.eye(2), [1.0])
    with pytest.raises(ValueError, match="matrix_of_time: holds nan"):
        linear_flow(lambda t: np.eye(2) * (np.nan if t > 0.5 else 1), np.eye(2), [2.0])
    with pytest.raises(ValueError, match="matrix_of_time: too large"):
        linear_flow(lambda t: np.full((2, 2), 1.7e308), np.ones((2, 1)), [1.0])
    for A, start in ((np.eye(2), 1j * np.eye(2)), (1j * np.eye(2), np.eye(2))):
        with pytest.raises(ValueError, match="give real numbers"):
            linear_flow(lambda t, A=A: A, start, [1.0])
    with pytest.raises(ValueError, match=r"matrix_of_time: returned shape \(1, 1\) at time"):
        linear_flow(lambda t: np.eye(2 if t == 0 else 1), np.eye(2), [1.0])


@given(seeds)
@many
def test_every_turning_flow_is_its_closed_form_or_an_error(seed):
    rng = np.random.default_rng(seed)
    rate, turn = rng.uniform(-4, 4), rng.uniform(-3, 3)
    start = rng.standard_normal((2, rng.integers(1, 4))) * 10.0 ** rng.integers(-150, 151)
    start = start[::-1] if seed % 2 else start.clip(-1, 1).astype(np.float32)
    start.setflags(write=False)
    times = np.cumsum(rng.uniform(0, 0.3, rng.integers(1, 3))) * (np.nan if seed % 50 == 0 else 1)
    A = np.array([[rate, -turn], [turn, rate]])
    A.setflags(write=False)
    path = exact_or_error(linear_flow, lambda t: A, start, times)
    assert (path is None) == (seed % 50 == 0)
    if path is not None:
        z = (start[0] + 1j * start[1].astype(float)) * np.exp((rate + 1j * turn) * times)[:, None]
        assert (np.abs(path[:, 0] + 1j * path[:, 1] - z) <= 1e-9 * np.abs(z)).all()

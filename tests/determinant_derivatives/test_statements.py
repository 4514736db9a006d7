"""The article's statements S1 to S7 in floating point, up to n = 200, each by two independent ways."""

import numpy as np
import pytest
import torch

from helpers.determinant_derivatives import cofactor_matrix, determinant_derivative

COUNT = 4  # matrices of each size


def complex_step(A, dA, h=1e-20):
    return np.linalg.det(A + 1j * h * dA).imag / h


def jacobi(A, dA):
    return np.linalg.det(A) * np.trace(np.linalg.solve(A, dA), axis1=-2, axis2=-1)


def autograd(A):
    leaf = torch.from_numpy(A).requires_grad_()
    return torch.autograd.grad(torch.linalg.det(leaf).sum(), leaf)[0].numpy()


def pushed(A, i, j):
    """The change of |A| by a push of 1 of one entry, and the cofactor by its definition."""
    n = A.shape[-1]
    minor = np.delete(np.delete(A, i, 1), j, 2)
    change = np.linalg.det(A + np.outer(np.eye(n)[i], np.eye(n)[j])) - np.linalg.det(A)
    return change, (-1.0) ** (i + j) * np.linalg.det(minor)


def both_sides(n, seed=0):
    rng = np.random.default_rng([seed, n])
    A, H = rng.standard_normal((2, COUNT, n, n)) / np.sqrt(n)
    identity, cofactors = np.eye(n), cofactor_matrix(A)
    g, dg = 3 * identity + (A + A.swapaxes(1, 2)) / 4, H + H.swapaxes(1, 2)
    return {
        "S1": pushed(A, *rng.integers(0, n, 2)),
        "S2": (cofactors, autograd(A)),
        "S3": ((cofactors * H).sum((1, 2)), complex_step(A, H)),
        "S4": (jacobi(A, H), complex_step(A, H)),
        "S5": (np.linalg.det(g) * (np.linalg.inv(g) * dg).sum((1, 2)), complex_step(g, dg)),
        "S6": (jacobi(identity + 0.3 * A, A), complex_step(identity + 0.3 * A, A)),
        "S7": (np.trace(A, axis1=1, axis2=2), complex_step(np.broadcast_to(identity, A.shape), A)),
        "helper": (determinant_derivative(A, H), complex_step(A, H)),
    }


@pytest.mark.parametrize("n", [2, 5, 10, 20, 50, 100, 200])
def test_both_sides_of_each_statement_agree(n):
    for id, (value, reference) in both_sides(n).items():
        assert np.abs(value - reference).max() <= 1e-9 * np.abs(reference).max(), id


def test_a_wrong_formula_would_show():
    A, H = np.random.default_rng(1).standard_normal((2, COUNT, 20, 20))
    error = np.abs(jacobi(A, H.swapaxes(1, 2)) - complex_step(A, H)).max() / np.abs(complex_step(A, H)).max()
    assert error > 0.1

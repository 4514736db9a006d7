"""Derivatives of determinants: the adjugate, Jacobi's formula, log|det|, volume elements, stochastic traces.

Source: 苏剑林 (Su Jianlin), 行列式的导数, https://spaces.ac.cn/archives/2383. Notation: |A| is det A, C the matrix of
cofactors, adj A = Cᵀ, so that A adj A = |A| I and d|A| = tr(adj(A) dA) for every square matrix, singular or not.

All functions on arrays take leading axes as a batch. Determinants leave the range of floats quickly, so products are
kept as mantissa and exponent of two until the last step.

- `symbolic`: matrices with a letter in every entry, and their inverse, for proofs
- `adjugates`: the adjugate of numerical matrices, plainly in three ways, and in one way that holds at any scale
- `jacobi`: the derivatives of det A and of log|det A| in a direction
- `volume`: areas of polygons, and the volume elements of curved coordinates
- `flow`: columns carried by a linear differential equation
- `references`: adjugates and gradients in exact or long arithmetic, and matrices made to measure, to test against
- `traces`: Hutchinson's estimate of a trace from random probes, and its variance
- `_exponents`: numbers of any size as mantissa and exponent
- `_scaling`: powers of two taken out of rows and columns, and products that leave one factor out
- `_elimination`: elimination with complete pivoting, behind `adjugates` and `jacobi`
- `_double_double`: the same with 106 bits, for the matrices that need them
"""

from helpers.determinant_derivatives.adjugates import (
    adjugate,
    adjugate_by_inverse,
    adjugate_by_minors,
    adjugate_by_singular_values,
    cofactor_matrix,
    scaled_adjugate,
)
from helpers.determinant_derivatives.flow import linear_flow
from helpers.determinant_derivatives.jacobi import determinant_derivative, log_abs_det_derivative
from helpers.determinant_derivatives.references import exact_adjugate, gradients_by_mpmath, matrix_with_singular_values
from helpers.determinant_derivatives.symbolic import symbolic_inverse, symbolic_matrix
from helpers.determinant_derivatives.traces import trace_estimate, trace_estimate_variance
from helpers.determinant_derivatives.volume import metric_tensor, shoelace_area, volume_element

__all__ = [  # in the order in which the notebook meets them
    "symbolic_matrix",
    "symbolic_inverse",
    "cofactor_matrix",
    "determinant_derivative",
    "metric_tensor",
    "volume_element",
    "shoelace_area",
    "linear_flow",
    "scaled_adjugate",
    "matrix_with_singular_values",
    "gradients_by_mpmath",
    "log_abs_det_derivative",
    "trace_estimate",
    "trace_estimate_variance",
    "adjugate_by_singular_values",
    "adjugate_by_minors",
    "adjugate_by_inverse",
    "exact_adjugate",
    "adjugate",
]

"""Derivatives of determinants: the adjugate, Jacobi's formula, log|det|, volume elements, stochastic traces.

Source: 苏剑林 (Su Jianlin), 行列式的导数, https://spaces.ac.cn/archives/2383. Notation: |A| is det A, C the matrix of
cofactors, adj A = Cᵀ, so that A adj A = |A| I and d|A| = tr(adj(A) dA) for every square matrix, singular or not.

All functions on arrays take leading axes as a batch. Determinants leave the range of floats quickly, so products are
kept as mantissa and exponent of two until the last step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import mpmath
import numpy as np
import sympy
from scipy.integrate import solve_ivp
from sympy.polys.matrices import DomainMatrix

EPS = np.finfo(float).eps


def symbolic_matrix(n: int, name: str = "a", symmetric: bool = False) -> sympy.Matrix:
    """n × n matrix of symbols name_ij, counted from 1; with ``symmetric`` a mirrored pair is one symbol (i ≤ j).

    ValueError unless n is an integer ≥ 1.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"n: {n!r} is not an integer ≥ 1")
    order = sorted if symmetric else list
    return sympy.Matrix(n, n, lambda i, j: sympy.Symbol("{}_{}{}".format(name, *order([i + 1, j + 1]))))


def symbolic_inverse(A: sympy.Matrix) -> tuple[sympy.Matrix, sympy.Expr]:
    """Numerator matrix N and denominator d with A⁻¹ = N/d, by fraction-free row elimination: no cofactor is formed.

    A: square sympy matrix of polynomials. ValueError for another shape or a matrix without an inverse.
    """
    if not isinstance(A, sympy.MatrixBase) or not A.is_square or not A.rows:
        raise ValueError(f"A: {type(A).__name__} of shape {getattr(A, 'shape', None)} is not a square sympy matrix")
    matrix = DomainMatrix.from_Matrix(A)
    try:
        numerator, denominator = matrix.inv_den(method="rref")
    except sympy.polys.matrices.exceptions.DMNonInvertibleMatrixError as error:
        raise ValueError("A: is singular and has no inverse") from error
    return numerator.to_Matrix(), matrix.domain.to_sympy(denominator)


def exact_adjugate(A: object) -> np.ndarray:
    """The adjugate of one integer matrix (n, n) of any rank, as an object array of Python integers: the reference.

    Fraction-free elimination gives |A| A⁻¹. At rank n − 1 the columns of the adjugate lie in the null space of A and
    its rows in that of Aᵀ, so it is a multiple of v wᵀ, fixed by one minor; below, it is zero. O(n³) operations.
    ValueError for input that is not a non-empty square matrix of integers.
    """
    array = np.asarray(A)
    if array.dtype.kind not in "iu" or array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
        raise ValueError(f"A: dtype {array.dtype}, shape {array.shape} is not one square matrix of integers")
    n = len(array)
    if n == 1:
        return np.array([[1]], dtype=object)
    matrix = DomainMatrix(array.tolist(), array.shape, sympy.ZZ)
    if det := int(matrix.det()):
        numerator, denominator = matrix.inv_den(method="rref")
        return np.array([[int(x) * det // int(denominator) for x in row] for row in numerator.to_list()], dtype=object)
    null, left_null = (m.convert_to(sympy.QQ).nullspace().to_list() for m in (matrix, matrix.transpose()))
    if len(null) > 1:
        return np.array([[0] * n] * n, dtype=object)
    v, w = null[0], left_null[0]
    i, j = (next(k for k in range(n) if vector[k]) for vector in (v, w))
    minor = np.delete(np.delete(array, j, 0), i, 1)
    cofactor = (-1) ** (i + j) * DomainMatrix(minor.tolist(), minor.shape, sympy.ZZ).det()
    return np.array([[int(cofactor * x * y / (v[i] * w[j])) for y in w] for x in v], dtype=object)


def _square(name: str, value: object) -> np.ndarray:
    """``value`` as float64 (…, n, n); ValueError naming ``name`` for anything but finite real square matrices."""
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(f"{name}: cannot be read as an array ({error}); give rows of equal length") from error
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name}: dtype {array.dtype} is not accepted; give real numbers (integers or floats)")
    if array.ndim < 2 or array.shape[-1] != array.shape[-2]:
        raise ValueError(f"{name}: shape {array.shape} is not (..., n, n), a square matrix or a batch of them")
    if array.size == 0:
        raise ValueError(f"{name}: shape {array.shape} is empty; give at least one matrix with n ≥ 1")
    with np.errstate(over="ignore"):
        array = array.astype(float)
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: holds a nan or an infinity in float64; every entry must be finite")
    return array


def _matching(A: object, dA: object) -> tuple[np.ndarray, np.ndarray]:
    """Both as in `_square`, with one n and leading axes that broadcast; ValueError otherwise."""
    A, dA = _square("A", A), _square("dA", dA)
    try:
        shape = np.broadcast_shapes(A.shape[:-2], dA.shape[:-2])
    except ValueError:
        shape = None
    if shape is None or A.shape[-1] != dA.shape[-1]:
        raise ValueError(f"dA: shape {dA.shape} does not fit A of shape {A.shape}; n must agree, the batch broadcast")
    return A, dA


def _transpose(A: np.ndarray) -> np.ndarray:
    return np.swapaxes(A, -1, -2)


def _power(mantissa: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """mantissa · 2^exponent for exponents of any size: 0 or inf where that leaves float64."""
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(mantissa, np.clip(exponent, -4000, 4000).astype(np.intc))


def _equilibrate(A: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """B and integer rows r, columns c with A_ij = B_ij 2^(r_i + c_j), where no scaling of A changes B by much.

    Two steps: r and c that minimise Σ (log2|a_ij| − r_i − c_j)² over the non-zero entries (Curtis & Reid 1972), which
    undoes any D₁ B D₂; then every non-zero row and column gets a largest entry between ½ and 1.
    """
    mantissa, exponent = np.frexp(A)
    filled = mantissa != 0
    weight, log = filled.astype(float), np.where(filled, exponent, 0).astype(float)
    row_count, column_count = weight.sum(-1), weight.sum(-2)
    row_mean = log.sum(-1) / np.maximum(row_count, 1)
    # Rows eliminated, a singular n x n system for the columns is left; 1e-9 picks one of its solutions.
    scaled = weight / np.maximum(row_count, 1)[..., None]
    normal = (column_count[..., None] + 1e-9) * np.eye(A.shape[-1]) - _transpose(weight) @ scaled
    right = log.sum(-2) - (weight * row_mean[..., None]).sum(-2)
    c = np.rint(np.linalg.solve(normal, right[..., None])[..., 0])
    r = np.rint(row_mean - (scaled * c[..., None, :]).sum(-1))

    def largest(axis: int) -> np.ndarray:
        top = np.where(filled, log - r[..., :, None] - c[..., None, :], -np.inf).max(axis)
        return np.where(np.isfinite(top), top, 0.0)

    r = r + largest(-1)
    c = c + largest(-2)
    r, c = r.astype(np.int64), c.astype(np.int64)
    return _power(mantissa, exponent - r[..., :, None] - c[..., None, :]), r, c


def _leave_one_out(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """∏_{k≠i} values_k for every i along the last axis, as mantissa and exponent of two; zeros are allowed."""
    mantissa, exponent = np.frexp(values)
    low = (mantissa > 0) & (mantissa < math.sqrt(0.5))  # centred on 1, a product of 1000 mantissas stays in range
    mantissa, exponent = np.where(low, 2 * mantissa, mantissa), exponent - low
    one = np.ones_like(mantissa[..., :1])
    before = np.cumprod(np.concatenate([one, mantissa[..., :-1]], -1), -1)
    after = np.cumprod(np.concatenate([one, mantissa[..., :0:-1]], -1), -1)[..., ::-1]
    return before * after, exponent.sum(-1, keepdims=True) - exponent


def _adjugate_parts(A: np.ndarray, rank_tolerance: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Mantissas M and integer exponents E, entry by entry, with adj(A) = M 2^E.

    With B = U Σ Vᵀ from `_equilibrate`: adj(B) = det(U Vᵀ) V diag(∏_{k≠i} σ_k) Uᵀ, because adj reverses products and
    adj(Q) = det(Q) Qᵀ for orthogonal Q. Nothing is divided by, so no rank is special.
    """
    n = A.shape[-1]
    B, r, c = _equilibrate(A)
    U, sigma, Vt = np.linalg.svd(B)
    sign = np.linalg.slogdet(U @ Vt)[0]
    product, power = _leave_one_out(sigma)
    tolerance = n * EPS if rank_tolerance is None else rank_tolerance
    if n > 1:  # rank n − 2 or less: what is left of the second smallest singular value is rounding
        product = np.where((sigma[..., -2] <= tolerance * sigma[..., 0])[..., None], 0.0, product)
    top = np.where(product != 0, power, np.iinfo(np.int64).min).max(-1)
    top = np.where((product != 0).any(-1), top, 0)
    product = _power(product, power - top[..., None])
    M = sign[..., None, None] * (_transpose(Vt) * product[..., None, :]) @ _transpose(U)
    E = (top + r.sum(-1) + c.sum(-1))[..., None, None] - c[..., :, None] - r[..., None, :]
    return M, E


def _to_common_exponent(M: np.ndarray, E: np.ndarray, axis: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """M 2^E with one exponent over ``axis``, so that the largest mantissa there is in [½, 1); zeros get exponent 0."""
    mantissa, exponent = np.frexp(M)
    total = np.where(mantissa != 0, exponent + E, np.iinfo(np.int64).min)
    top = total.max(axis)
    top = np.where((mantissa != 0).any(axis), top, 0)
    return _power(mantissa, exponent + E - np.expand_dims(top, axis)), top


def _ldexp(name: str, mantissa: np.ndarray, exponent: np.ndarray, instead: str) -> np.ndarray:
    """mantissa 2^exponent; ValueError where that is beyond float64 (too small becomes 0)."""
    result = _power(mantissa, exponent)
    if not np.isfinite(result).all():
        raise ValueError(f"{name}: the result is larger than the range of float64 (1.8e308); {instead}")
    return result


def scaled_adjugate(A: object, *, rank_tolerance: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The adjugate as (mantissa, exponent): adj(A) = mantissa · 2^exponent, as `numpy.linalg.slogdet` is to det.

    A: (…, n, n). Returns mantissa (…, n, n), its largest entry in [½, 1), and integer exponents (…). Needed where the
    entries themselves leave the range of floats, at n = 400 for standard normal entries. Errors as in `adjugate`.
    """
    M, E = _adjugate_parts(_square("A", A), _checked_tolerance(rank_tolerance))
    return _to_common_exponent(M, E, (-2, -1))


def _checked_tolerance(rank_tolerance: float | None) -> float | None:
    if rank_tolerance is not None and not 0 <= rank_tolerance < 1:
        raise ValueError(f"rank_tolerance: {rank_tolerance} is not in [0, 1), and not None for n · 2.2e-16")
    return rank_tolerance


def adjugate(A: object, *, rank_tolerance: float | None = None) -> np.ndarray:
    """The adjugate adj(A) = Cᵀ: A adj(A) = adj(A) A = det(A) I, for matrices of any rank.

    A: (…, n, n), real. Returns float64 (…, n, n). By one singular value decomposition per matrix, after scaling rows
    and columns by powers of two; its relative error (in norm, of the scaled matrix) is about ε σ₁/σ_{n−1}: the *second*
    smallest singular value counts, so a matrix of rank n − 1 is no harder than a regular one (Stewart 1998).

    rank_tolerance: where σ_{n−1} ≤ rank_tolerance · σ₁ the rank is taken as n − 2 or less and the result is exactly
    zero; by default n ε, below which rounding of A alone leaves no correct digit. 0 switches that off.

    Raises ValueError for input that is not a non-empty array of finite real square matrices, and where the adjugate
    is larger than float64 can hold (`scaled_adjugate` can).
    """
    M, E = _adjugate_parts(_square("A", A), _checked_tolerance(rank_tolerance))
    return _ldexp("A", M, E, "use scaled_adjugate")


def cofactor_matrix(A: object) -> np.ndarray:
    """C with C_ij = ∂|A|/∂a_ij, the transpose of `adjugate`; shapes and errors as there."""
    return _transpose(adjugate(A))


def adjugate_by_minors(A: object) -> np.ndarray:
    """The adjugate by its definition: n² determinants of (n − 1) × (n − 1) minors. O(n⁵); for comparison only.

    A: (…, n, n). Returns (…, n, n). Errors as in `adjugate`, except that overflow gives inf.
    """
    A = _square("A", A)
    n = A.shape[-1]
    others = np.array([[k for k in range(n) if k != i] for i in range(n)], dtype=int).reshape(n, n - 1)
    minors = A[..., others[:, None, :, None], others[None, :, None, :]]
    signs = (-1.0) ** np.add.outer(np.arange(n), np.arange(n))
    return _transpose(signs * np.linalg.det(minors)) if n > 1 else np.ones_like(A)


def adjugate_by_inverse(A: object) -> np.ndarray:
    """det(A) A⁻¹, for comparison only: breaks down at singular matrices and where det(A) leaves the range of floats.

    A: (…, n, n). Errors as in `adjugate`; numpy.linalg.LinAlgError where a pivot is exactly zero.
    """
    A = _square("A", A)
    return np.linalg.det(A)[..., None, None] * np.linalg.inv(A)


def determinant_derivative(A: object, dA: object) -> np.ndarray:
    """Jacobi's formula d|A| = tr(adj(A) dA), for matrices of any rank.

    A, dA: (…, n, n), leading axes broadcast. Returns (…). For dA = A′(t) it is the derivative of |A(t)|.
    Raises ValueError for bad input as in `adjugate`, and for a result beyond float64.
    """
    A, dA = _matching(A, dA)
    M, E = _adjugate_parts(A, None)
    mantissa, exponent = np.frexp(_transpose(dA))
    terms, top = _to_common_exponent(M * mantissa, E + exponent, (-2, -1))
    return _ldexp("A, dA", terms.sum((-2, -1)), top, "use log_abs_det_derivative")[()]


def log_abs_det_derivative(A: object, dA: object) -> np.ndarray:
    """d log|det A| = tr(A⁻¹ dA), by solving A X = dA; no inverse and no determinant is formed.

    A, dA: (…, n, n), leading axes broadcast. Returns (…).
    Raises ValueError for bad input as in `adjugate`, for a result beyond float64, and for a matrix that is singular to
    working precision: smallest ≤ n ε × largest singular value after scaling rows and columns by powers of two.
    """
    A, dA = _matching(A, dA)
    n = A.shape[-1]
    B, r, c = _equilibrate(A)
    sigma = np.linalg.svd(B, compute_uv=False)
    singular = sigma[..., -1] <= n * EPS * sigma[..., 0]
    if singular.any():
        where = f"matrix {tuple(int(k) for k in np.argwhere(singular)[0])} of the batch " if singular.ndim else ""
        raise ValueError(
            f"A: {where}is singular to working precision, and log|det A| has no derivative there; "
            "determinant_derivative gives that of det A"
        )
    # tr(A⁻¹ dA) = tr(B⁻¹ D₁⁻¹ dA D₂⁻¹); one exponent per matrix keeps the scaled dA in range.
    mantissa, exponent = np.frexp(dA)
    scaled, top = _to_common_exponent(mantissa, exponent - r[..., :, None] - c[..., None, :], (-2, -1))
    trace = np.trace(np.linalg.solve(B, scaled), axis1=-2, axis2=-1)
    return _ldexp("A, dA", trace, top, "scale dA down")[()]


def gradients_by_mpmath(A: object, digits: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Gradients A⁻ᵀ of log|det A| and C of det A for one regular matrix, computed with that many digits: the reference.

    A: (n, n), taken as the exact numbers that its floats are. Returns two float64 arrays (n, n).
    ValueError for bad input as in `adjugate`, for a batch, for digits < 16, and where the matrix is exactly singular.
    """
    A = _square("A", A)
    if A.ndim != 2:
        raise ValueError(f"A: shape {A.shape} is a batch; give one matrix")
    if isinstance(digits, bool) or not isinstance(digits, int) or digits < 16:
        raise ValueError(f"digits: {digits!r} is not an integer ≥ 16")
    with mpmath.workdps(digits):
        exact = mpmath.matrix(A.tolist())
        try:
            inverse = (exact**-1).T
        except ZeroDivisionError as error:
            raise ValueError("A: is singular, and log|det A| has no gradient there") from error
        return np.array(inverse.tolist(), float), np.array((inverse * mpmath.det(exact)).tolist(), float)


def matrix_with_singular_values(sigma: object, generator: np.random.Generator) -> np.ndarray:
    """U diag(σ) Vᵀ (n, n) with random orthogonal U and V. sigma: (n,), finite and ≥ 0, or a ValueError."""
    sigma = np.asarray(sigma, dtype=float)
    if sigma.ndim != 1 or not sigma.size or not np.isfinite(sigma).all() or (sigma < 0).any():
        raise ValueError(f"sigma: shape {sigma.shape} is not a non-empty row of finite numbers ≥ 0")
    n = len(sigma)
    U, V = (np.linalg.qr(generator.standard_normal((n, n)))[0] for _ in range(2))
    return (U * sigma) @ V.T


def carry(matrix_of_time: Callable[[float], np.ndarray], start: object, times: object) -> np.ndarray:
    """Columns of ``start`` carried along x′ = A(t) x from time 0 to each of the ascending ``times`` ≥ 0.

    matrix_of_time: t ↦ A(t), (n, n). start: (n, k); the identity gives the fundamental matrix Φ. Returns (times, n, k),
    by a Runge–Kutta method of order 8 with relative tolerance 1e-11. ValueError for bad shapes or times.
    """
    start, times = np.asarray(start, dtype=float), np.asarray(times, dtype=float)
    if start.ndim != 2 or not start.size:
        raise ValueError(f"start: shape {start.shape} is not (n, k), columns to carry")
    if times.ndim != 1 or not times.size or times[-1] <= 0 or times[0] < 0 or (np.diff(times) <= 0).any():
        raise ValueError("times: must be a non-empty row of ascending numbers ≥ 0 that ends after 0")
    if np.shape(matrix_of_time(0.0)) != (len(start),) * 2:
        raise ValueError(f"matrix_of_time: returned shape {np.shape(matrix_of_time(0.0))} for n = {len(start)}")

    def rhs(t: float, flat: np.ndarray) -> np.ndarray:
        return (matrix_of_time(t) @ flat.reshape(start.shape)).ravel()

    path = solve_ivp(rhs, (0.0, times[-1]), start.ravel(), t_eval=times, method="DOP853", rtol=1e-11, atol=1e-12)
    return path.y.T.reshape(len(times), *start.shape)


def shoelace_area(corners: object) -> np.ndarray:
    """Signed area of a polygon from its corners (…, 2, k), counter-clockwise positive: ½ Σ (x_i y_{i+1} − x_{i+1} y_i).

    Returns (…). ValueError unless there are at least three corners in the plane.
    """
    corners = np.asarray(corners, dtype=float)
    if corners.ndim < 2 or corners.shape[-2] != 2 or corners.shape[-1] < 3:
        raise ValueError(f"corners: shape {corners.shape} is not (..., 2, k) with k ≥ 3")
    x, y = corners[..., 0, :], corners[..., 1, :]
    return (x * np.roll(y, -1, -1) - np.roll(x, -1, -1) * y).sum(-1)[()] / 2


def metric_tensor(position: Sequence[sympy.Expr], coordinates: Sequence[sympy.Symbol]) -> sympy.Matrix:
    """g = JᵀJ of a coordinate system, J the Jacobian of the Cartesian ``position`` in the ``coordinates``.

    Returns a simplified n × n sympy matrix. ValueError unless there are as many coordinates as position components.
    """
    position, coordinates = list(position), list(coordinates)
    if not coordinates or len(position) != len(coordinates):
        raise ValueError(f"coordinates: {len(coordinates)} for {len(position)} position components; give equally many")
    J = sympy.Matrix(position).jacobian(coordinates)
    return sympy.simplify(J.T * J)


def volume_element(position: Sequence[sympy.Expr], coordinates: Sequence[sympy.Symbol]) -> sympy.Expr:
    """√g = √(det JᵀJ), the volume of a cell per unit steps in the coordinates; arguments as `metric_tensor`."""
    return sympy.simplify(sympy.sqrt(sympy.factor(sympy.trigsimp(metric_tensor(position, coordinates).det()))))


def trace_estimate(
    matvec: Callable[[np.ndarray], np.ndarray],
    n: int,
    samples: int,
    generator: np.random.Generator,
    distribution: str = "rademacher",
) -> tuple[float, float]:
    """Hutchinson's estimate of a trace, E[zᵀAz] for random z with E[zzᵀ] = I, and its standard error.

    matvec: maps probes (n, samples), one per column, to A @ probes; called once. n ≥ 1, samples ≥ 2.
    generator: numpy.random.Generator. distribution: "rademacher" (±1) or "gaussian".
    Returns (estimate, standard error of the mean). ValueError for bad arguments, or a matvec that returns another
    shape or a non-finite number. Source: Hutchinson, Commun. Stat. Simul. Comput. 18 (1989).
    """
    for name, value, least in (("n", n, 1), ("samples", samples, 2)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name}: {value!r} is not an integer ≥ {least}")
    if not isinstance(generator, np.random.Generator):
        raise ValueError(f"generator: {type(generator).__name__} is not a numpy.random.Generator")
    if distribution not in ("rademacher", "gaussian"):
        raise ValueError(f"distribution: {distribution!r} is not 'rademacher' or 'gaussian'")
    if distribution == "gaussian":
        probes = generator.standard_normal((n, samples))
    else:
        probes = generator.integers(0, 2, (n, samples)) * 2.0 - 1.0
    image = np.asarray(matvec(probes), dtype=float)
    if image.shape != probes.shape:
        raise ValueError(f"matvec: returned shape {image.shape} for probes {probes.shape}; it must keep the shape")
    if not np.isfinite(image).all():
        raise ValueError("matvec: returned a nan or an infinity")
    values = (probes * image).sum(0)
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(samples))


def trace_estimate_variance(A: object, distribution: str = "rademacher") -> np.ndarray:
    """Variance of zᵀAz for one probe: 2‖S‖²_F for Gaussian z, 2(‖S‖²_F − Σ s_ii²) for Rademacher, S = (A + Aᵀ)/2.

    A: (…, n, n). Returns (…). ValueError as in `adjugate`, or for another distribution.
    """
    A = _square("A", A)
    if distribution not in ("rademacher", "gaussian"):
        raise ValueError(f"distribution: {distribution!r} is not 'rademacher' or 'gaussian'")
    square = ((A + _transpose(A)) / 2) ** 2
    diagonal = np.trace(square, axis1=-2, axis2=-1) if distribution == "rademacher" else 0.0
    return (2 * (square.sum((-2, -1)) - diagonal))[()]

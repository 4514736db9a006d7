"""Mean and median over rows, and the best scale by the median, against a plain search."""

import numpy as np
import pytest

from helpers import attention_scale as m


def test_the_best_scale_against_a_search_over_many_rows():
    best = m.median_best_scales(np.random.default_rng(0), 64, 500, m.softmax_gradient_norm)[:, 0]
    rows, grid = np.random.default_rng(1).standard_normal((20_000, 64)), np.arange(3.0, 7.0, 0.25)
    medians = [np.median(m.softmax_gradient_norm(rows, a)) for a in grid]
    near = np.polynomial.Polynomial.fit(grid, medians, 4)(fine := np.linspace(3, 6.75, 500))
    assert best.mean() == pytest.approx(fine[near.argmax()], abs=4 * best.std(ddof=1) / np.sqrt(8) + 0.05)


def test_the_batches_are_independent_and_norms_share_their_rows():
    def norm(scores, alpha):
        return m.softmax_gradient_norm(scores, alpha)

    best = m.median_best_scales(np.random.default_rng(3), 16, 100, norm, norm)
    assert best.shape == (8, 2) and (best[:, 0] == best[:, 1]).all() and len(set(best[:, 0])) > 4
    assert best.min() >= 1.5 and best.max() <= 14


@pytest.mark.parametrize("peak", [2.0, 3.0, 6.0, 12.0])
def test_a_known_maximum_is_found(peak):
    best = m.median_best_scales(np.random.default_rng(0), 4, 3, lambda s, a: np.full(len(s), -(np.log(a / peak) ** 2)))
    np.testing.assert_allclose(best, peak, rtol=0.005)


def test_objective_curves_are_mean_and_median():
    rows, scales = np.random.default_rng(0).standard_normal((4000, 8)), [0.5, 2.0]
    mean, median = m.objective_curves(rows, scales)
    norms = np.array([m.softmax_gradient_norm(rows, a) for a in scales])
    np.testing.assert_allclose(median, np.median(norms, axis=1))
    np.testing.assert_allclose(mean, norms.mean(1), atol=0.05)
    np.testing.assert_allclose(mean, [m.softmax_mean(rows, a).mean() for a in scales])


def test_bad_arguments():
    generator = np.random.default_rng(0)
    for call, name in (
        (lambda: m.median_best_scales(generator, 0, 5, m.softmax_gradient_norm), "n"),
        (lambda: m.median_best_scales(generator, 5, 0, m.softmax_gradient_norm), "rows"),
        (lambda: m.median_best_scales(None, 5, 5, m.softmax_gradient_norm), "generator"),
        (lambda: m.objective_curves(np.zeros((2, 3)), [-1.0]), "scales"),
    ):
        with pytest.raises(ValueError, match=f"^{name}: "):
            call()

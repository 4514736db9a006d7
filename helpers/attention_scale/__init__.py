"""How large should the scale of attention be? Mathematics of the notebook `6_attention_scale`.

Source: 苏剑林 (Su Jianlin), 从梯度最大化看Attention的Scale操作, https://spaces.ac.cn/archives/9812 (2023-10-22).

Notation: scores s ∈ ℝⁿ of one query, scale α ≥ 0, probabilities p = softmax(αs), Jacobian J = ∂p/∂s = α(diag p − ppᵀ).
The objective is ½‖J‖₁ = α(1 − Σp²). *Annealed* quantities replace sums over a row by expectations inside a ratio.

`norms`: three norms of the Jacobian in O(n) per row, and the Jacobian itself, which is the plain way to them.
`softmax`: means and entropies under the softmax of one row.
`normal_scores`: the annealed objective for normal scores, its maximiser, and their largest values.
`cosine_scores`: the same for cosines of random directions; the plain series and search stand first.
`scores`: where scores come from at initialisation.
`median_objective`: mean and median over rows, and the best scale by the median.
`retrieval`: a layer that has to learn retrieval, many copies at once.
`retrieval_training`: training them, all seeds, scales and rates together.
`_weights`: the weights relative to the top score, on which `norms` and `softmax` rest.
`_debye`: the cumulant of a cosine in any dimension, by the uniform expansion of Bessel functions.
"""

from helpers.attention_scale.cosine_scores import (
    annealed_norm_cosine,
    log_mean_exp_cosine,
    log_mean_exp_cosine_by_series,
    optimal_scale_cosine,
    optimal_scale_cosine_by_search,
)
from helpers.attention_scale.median_objective import median_best_scales, objective_curves
from helpers.attention_scale.normal_scores import (
    annealed_norm_normal,
    expected_maximum_normal,
    largest_normal_scores,
    optimal_scale_normal,
)
from helpers.attention_scale.norms import (
    softmax_gradient_frobenius,
    softmax_gradient_norm,
    softmax_gradient_spectral,
    softmax_jacobian,
)
from helpers.attention_scale.retrieval import Task, initial_attention, retrieval_loss, retrieval_task
from helpers.attention_scale.retrieval_training import train_retrieval
from helpers.attention_scale.scores import attention_scores
from helpers.attention_scale.softmax import softmax_entropy, softmax_mean

__all__ = [
    "softmax_jacobian",
    "softmax_gradient_norm",
    "softmax_gradient_frobenius",
    "softmax_gradient_spectral",
    "softmax_entropy",
    "softmax_mean",
    "annealed_norm_normal",
    "optimal_scale_normal",
    "expected_maximum_normal",
    "attention_scores",
    "log_mean_exp_cosine_by_series",
    "log_mean_exp_cosine",
    "annealed_norm_cosine",
    "optimal_scale_cosine_by_search",
    "optimal_scale_cosine",
    "largest_normal_scores",
    "median_best_scales",
    "objective_curves",
    "Task",
    "retrieval_task",
    "initial_attention",
    "retrieval_loss",
    "train_retrieval",
]

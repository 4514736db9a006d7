"""Multi-task gradients: one update direction from the gradients of several losses.

Source: 苏剑林 (Su Jianlin), 多任务学习漫谈（二）：行梯度之事 (2022-02-08),
https://spaces.ac.cn/archives/8896, and the papers named at each function. Notation: task i has the gradient g_i, a row
of the Jacobian (tasks, parameters); the Gram matrix is G_ij = ⟨g_i, g_j⟩; weights α lie in the simplex; the parameters
move along −u with u = Σ α_i g_i.

Functions ending in ``_weights`` map Gram matrices (..., n, n) to weights (..., n) in numpy. The aggregators map one
torch Jacobian to one direction.

- `gram`: what counts as a Gram matrix, and the lengths it holds
- `problems`: losses with a concave Pareto front, and where the bound for a shared encoder is safe or fails
- `toy`: the two-loss problem of CAGrad's authors, and walks over it
- `scalings`: equal weights, lengths, projections or singular values
- `min_norm`: the shortest convex combination (MGDA): closed form, all supports, the solver, its certificate
- `rows`: gradients as rows of a Jacobian, and whom the normalised sum hurts; `digit_tasks`: real ones,
  and how close they come to the bound for a shared encoder
- `smooth`: softmin in place of the minimum, its naive iteration, its fixed point, descent on softmax weights
- `iterations`: Frank–Wolfe and the article's running average
- `surgery`, `cagrad`, `bargaining`, `cone`: PCGrad, CAGrad, Nash-MTL, UPGrad
- `aggregators`: all nine methods as functions of a torch Jacobian; `properties`: what each of them guarantees
- `two_heads`: a shared encoder with two heads, trained by several methods at once
- `_equilibrated`: checks, scaling and factors of Gram matrices; `_active_set`: the quadratic programs of `min_norm` and
  `cone`; `_compiled`: how both are compiled
"""

from helpers.multi_task_gradients.aggregators import AGGREGATORS, WEIGHTS, Aggregator
from helpers.multi_task_gradients.bargaining import nash_mtl_weights
from helpers.multi_task_gradients.cagrad import cagrad_weights
from helpers.multi_task_gradients.cone import upgrad_weights, upgrad_weights_by_projection
from helpers.multi_task_gradients.digit_tasks import digit_gradients, largest_cosine, share_of_bound
from helpers.multi_task_gradients.gram import gram_matrix, solved_weights, unit_gram
from helpers.multi_task_gradients.iterations import averaged_weights, frank_wolfe_weights
from helpers.multi_task_gradients.min_norm import (
    duality_gap,
    excess,
    min_norm_weights,
    min_norm_weights_by_supports,
    two_task_weights,
)
from helpers.multi_task_gradients.problems import concave_front_losses, raised_by_bound, safe_condition_number
from helpers.multi_task_gradients.properties import (
    Weights,
    least_cosine,
    lengths_near_rest,
    turn_by_reordering,
    turn_by_scaling,
)
from helpers.multi_task_gradients.rows import (
    combine,
    distance_to_shortest,
    gram_of,
    hurt_by_normalized_sum,
    random_rows,
    shortest_length,
)
from helpers.multi_task_gradients.scalings import aligned_mtl_weights, imtl_g_weights, mean_weights, normalized_weights
from helpers.multi_task_gradients.smooth import (
    naive_multiplier,
    naive_weights,
    smooth_weights,
    softmax_descent_weights,
    softmin,
)
from helpers.multi_task_gradients.surgery import pcgrad_weights
from helpers.multi_task_gradients.toy import TOY_METHODS, TOY_STARTS, toy_losses, toy_pareto_set, toy_walk
from helpers.multi_task_gradients.two_heads import ALONE, Layer, TwoHeads, train_two_heads

mean, normalized_sum, mgda = AGGREGATORS["mean"], AGGREGATORS["normalized_sum"], AGGREGATORS["mgda"]
pcgrad, cagrad, imtl_g = AGGREGATORS["pcgrad"], AGGREGATORS["cagrad"], AGGREGATORS["imtl_g"]
nash_mtl, aligned_mtl, upgrad = AGGREGATORS["nash_mtl"], AGGREGATORS["aligned_mtl"], AGGREGATORS["upgrad"]

# In the order in which the notebook meets them.
__all__ = [
    "gram_of",
    "combine",
    "random_rows",
    "shortest_length",
    "hurt_by_normalized_sum",
    "distance_to_shortest",
    "digit_gradients",
    "turn_by_scaling",
    "normalized_weights",
    "mean_weights",
    "toy_losses",
    "concave_front_losses",
    "min_norm_weights",
    "min_norm_weights_by_supports",
    "smooth_weights",
    "softmin",
    "naive_weights",
    "averaged_weights",
    "naive_multiplier",
    "two_task_weights",
    "frank_wolfe_weights",
    "softmax_descent_weights",
    "excess",
    "duality_gap",
    "share_of_bound",
    "largest_cosine",
    "safe_condition_number",
    "raised_by_bound",
    "Aggregator",
    "AGGREGATORS",
    "WEIGHTS",
    "mean",
    "normalized_sum",
    "mgda",
    "pcgrad",
    "cagrad",
    "imtl_g",
    "nash_mtl",
    "aligned_mtl",
    "upgrad",
    "pcgrad_weights",
    "cagrad_weights",
    "imtl_g_weights",
    "nash_mtl_weights",
    "aligned_mtl_weights",
    "upgrad_weights",
    "upgrad_weights_by_projection",
    "Weights",
    "least_cosine",
    "turn_by_reordering",
    "lengths_near_rest",
    "TwoHeads",
    "train_two_heads",
    "ALONE",
    "Layer",
    "TOY_STARTS",
    "TOY_METHODS",
    "toy_walk",
    "toy_pareto_set",
    "gram_matrix",
    "solved_weights",
    "unit_gram",
]

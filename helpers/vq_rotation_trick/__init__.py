"""Gradients through vector quantisation: the straight-through estimator, the rotation trick, and codebooks.

Notation of Su Jianlin's article 10489: encoder output z, its code q (the nearest of K), z_q what the decoder reads.
An estimator gives z_q = q in the forward pass and declares ∂z_q/∂z := G, a constant matrix, so that by the chain rule
the backward pass is ∂L/∂z = Gᵀ ∂L/∂z_q. With unit vectors z̃, q̃ and λ = ‖q‖/‖z‖:

    straight-through  G = I                        (Bengio et al. 2013; van den Oord et al. 2017)
    rotation          G = λR,  R = I + 2q̃z̃ᵀ − 2ûûᵀ,  û = (q̃+z̃)/‖q̃+z̃‖   (Fifty et al., arXiv 2410.06424)
    reflection        G = λH,  H = I − 2v̂v̂ᵀ,         v̂ = (q̃−z̃)/‖q̃−z̃‖

All functions take any leading axes; vectors lie on the last one. A file for each idea:

    `lookup`: which code is nearest, and how evenly the codes are used
    `estimators`: q with a gradient to z: straight-through, rotation, reflection, and mixtures of them
    `matrices`: the plain method: R, H and z_q = sg[G]z + sg[q − Gz] written out with d×d matrices
    `clusters`: k-means
    `images`: patches of an image, and the image from its patches
    `quantizer`: the layer `VectorQuantizer`, and what it returns
    `rules`: what the layer asks of a codebook
    `codebooks`: codes that are learned, by gradient, as running means, through one matrix, on the sphere
    `lattices`: codes that are fixed: FSQ and LFQ
    `ensembles`: many small VQ-VAEs with such layers, trained side by side
    `records`: the gradients that estimators hand to z, and what is watched while an ensemble trains
    `comparisons`: intervals of the ratio of two methods
    `published`: the paper's own numbers
    `_fast`: Gᵀg in O(d) without a matrix, in few passes over memory
    `_vectors`: the check of z and q, and lengths that neither overflow nor vanish
"""

from helpers.vq_rotation_trick.clusters import cell_sums, kmeans
from helpers.vq_rotation_trick.codebooks import Codebook, CosineCodebook, EMACodebook, SimVQCodebook
from helpers.vq_rotation_trick.comparisons import per_cent_interval
from helpers.vq_rotation_trick.ensembles import Ensemble, Setting
from helpers.vq_rotation_trick.estimators import (
    ESTIMATORS,
    Estimator,
    reflect_to,
    rotate_to,
    split_estimator,
    straight_through,
)
from helpers.vq_rotation_trick.images import Image, image_from_patches, patches
from helpers.vq_rotation_trick.lattices import FiniteScalars, LookupFree
from helpers.vq_rotation_trick.lookup import (
    code_counts,
    nearest_code,
    nearest_code_by_differences,
    perplexity,
    take_codes,
)
from helpers.vq_rotation_trick.matrices import estimate_by_matrix, reflection_matrix, rotation_matrix
from helpers.vq_rotation_trick.published import COLUMNS, PAPER_TABLES, Pair, count_improved
from helpers.vq_rotation_trick.quantizer import CODEBOOKS, Quantized, Report, VectorQuantizer
from helpers.vq_rotation_trick.records import handed_gradient, record_gradients
from helpers.vq_rotation_trick.rules import CodebookRule

__all__ = [
    "nearest_code", "nearest_code_by_differences", "take_codes", "code_counts", "perplexity",
    "Estimator", "straight_through", "rotate_to", "reflect_to", "split_estimator", "handed_gradient",
    "ESTIMATORS",
    "rotation_matrix", "reflection_matrix", "estimate_by_matrix",
    "kmeans", "cell_sums",
    "Image", "patches", "image_from_patches",
    "VectorQuantizer", "Quantized", "Report", "CODEBOOKS", "Ensemble", "Setting",
    "record_gradients", "per_cent_interval", "PAPER_TABLES", "COLUMNS", "Pair", "count_improved",
    "CodebookRule", "Codebook", "EMACodebook", "SimVQCodebook", "CosineCodebook", "FiniteScalars", "LookupFree",
]  # fmt: skip

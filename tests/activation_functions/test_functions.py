"""Activations by name, and gated linear units against torch."""

import torch
from torch.nn import functional as F

from helpers import activation_functions as af


def test_gated_linear_unit_agrees_with_torch():
    g = torch.Generator().manual_seed(0)
    x, w, b, v, c = (torch.randn(*s, generator=g) for s in ((2, 5, 3), (4, 3), (4,), (4, 3), (4,)))
    both = F.glu(F.linear(x, torch.cat([w, v]), torch.cat([b, c])))
    torch.testing.assert_close(af.gated_linear(x, w, b, v, c), both)

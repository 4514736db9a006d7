import math

import pytest
import torch

from helpers.fourier_density import fit_monotone_networks, monotone_log_prob


def test_networks_learn_their_rows_and_take_the_rate_that_validates_best():
    x = torch.linspace(-1, 1, 60)
    rows = torch.stack([torch.softmax(-(((x - m) / 0.2) ** 2) / 2, 0) for m in (-0.4, 0.3)])
    network = fit_monotone_networks(x, rows, rows, 3, 150, torch.Generator().manual_seed(0), rates=(1e-6, 0.1))
    with torch.no_grad():
        gain = (rows * monotone_log_prob(x, network)[1]).sum(-1)
        crossed = (rows.flip(0) * monotone_log_prob(x, network)[1]).sum(-1)
    best = -math.log(0.2) - 0.5 * math.log(2 * math.pi) - 0.5  # of the Gaussians themselves
    assert gain.tolist() == pytest.approx([best, best], abs=0.05) and (crossed < gain - 0.5).all()
    assert all(part.shape[0] == 2 and not part.requires_grad for part in network)


def test_fits_refuse():
    x, row, generator = torch.linspace(-1, 1, 5), torch.full((1, 5), 0.2), torch.Generator()
    for arguments in ((x, row, row[:, :4], 2, 3), (x[:4], row, row, 2, 3), (x, row, row, 2, 0)):
        with pytest.raises(ValueError, match="give"):
            fit_monotone_networks(*arguments, generator)

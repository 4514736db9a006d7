"""All layers at once against one layer with torch's own optimisers."""

import math

import numpy as np
import pytest
import torch

from helpers import attention_scale as m


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize("optimiser", ["Adam", "SGD"])
def test_a_layer_among_many_is_trained_as_it_would_be_alone(optimiser, labels):
    scales, rates, steps, seeds, n = [0.5, 4.0], [0.02, 0.1, 0.3], 25, 2, 5
    many = m.train_retrieval(
        torch.Generator().manual_seed(7), seeds, n, scales, rates, steps, labels=labels, optimiser=optimiser
    )
    assert many.shape == (2, seeds, 2, 3)
    generator, (a, r, of) = torch.Generator().manual_seed(7), (1, 2, 1)
    copies = len(scales) * len(rates)
    chosen = of * copies + a * len(rates) + r
    layer = [x[chosen : chosen + 1].detach().clone() for x in m.initial_attention(generator, seeds, copies)]
    layer = [x.requires_grad_() for x in layer]
    make = {"Adam": torch.optim.Adam, "SGD": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9)}[optimiser]
    rate, alpha = rates[r] / math.sqrt(scales[a]), torch.tensor([scales[a]])
    stepper = make(layer, lr=rate)

    def loss(queries):
        task = m.retrieval_task(generator, seeds, n, queries, labels=labels)
        return m.retrieval_loss(layer, alpha, tuple(part[of : of + 1] for part in task), labels).sum()

    for step in range(steps):
        stepper.param_groups[0]["lr"] = rate * (1 - step / steps)
        stepper.zero_grad()
        loss(8).backward()
        stepper.step()
    alone = [math.log10(loss(512).item()) for _ in range(2)]
    np.testing.assert_allclose(many[:, of, a, r], alone, atol=1e-3)


def test_a_run_that_diverges_counts_with_a_large_loss():
    losses = m.train_retrieval(torch.Generator().manual_seed(0), 2, 4, [1.0], [1e-3, 1e9], 30, optimiser="SGD")
    assert (losses[..., 1] == 9).all() and (losses[..., 0] < 1).all()


def test_bad_arguments():
    good = {"seeds": 1, "n": 2, "scales": [1.0], "rates": [0.1], "steps": 1}
    for name, value in (
        ("seeds", 0), ("n", 1.5), ("steps", 0), ("scales", [0.0]), ("rates", [-1.0]), ("optimiser", "Lion"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"^{name}: "):
            m.train_retrieval(torch.Generator(), **{**good, name: value})
    with pytest.raises(ValueError, match="^generator: "):
        m.train_retrieval(None, **good)

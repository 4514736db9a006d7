"""The stack of a contest trains the networks that a plain loop trains, on splits that do not overlap."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from helpers import activation_functions as af
from helpers.optimizers import stacked_linear

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def clouds(n=120, repeats=2, seed=0):
    """Two classes of points in the plane that a line separates but for a few, split."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    return af.split_data(rng.normal(size=(n, 2)) + 2 * labels[:, None], labels, repeats, 60, 30, seed)


def test_splits_cover_everything_once_and_are_standardised_by_their_training_part():
    rng = np.random.default_rng(1)
    inputs = rng.normal(3, 5, size=(50, 4))
    inputs[:, 3] = 7.0  # hardly varies: divided by 0.1 and no more
    data = af.split_data(inputs, np.arange(50) % 3, 4, 20, 10, seed=5)
    for k in range(4):
        together = torch.cat([data.train[k], data.validation[k], data.test[k]])
        assert together.sort().values.tolist() == list(range(50))
        part = data.inputs[k, data.train[k]]
        assert part.mean(0).abs().max() < 1e-6 and (part[:, :3].std(0, correction=0) - 1).abs().max() < 1e-6
    assert (data.inputs[:, :, 3] == 0).all()
    assert not torch.equal(data.train[0], data.train[1])
    fewer = af.split_data(inputs, np.arange(50) % 3, 2, 20, 10, seed=5)
    assert torch.equal(fewer.test, data.test[:2]), "a repeat does not depend on how many there are"


@pytest.mark.parametrize(
    ("inputs", "labels", "message"),
    [(np.zeros((9, 2)), np.zeros(8), "inputs: have shape"), (np.zeros((5, 2)), np.zeros(5), "inputs: have shape")],
)
def test_splits_that_do_not_fit_are_refused(inputs, labels, message):
    with pytest.raises(ValueError, match=message):
        af.split_data(inputs, labels, 2, 3, 2, seed=0)


def test_a_network_of_the_stack_is_the_one_of_a_plain_loop():
    data, rates, steps = clouds(repeats=1), [0.003, 0.05], 7
    scores = af.train_networks(data, torch.tanh, rates, depth=3, steps=steps, seed=4, gain=1.3, width=5)
    for k, rate in enumerate(rates):
        generator = torch.Generator().manual_seed(4)
        layers = [stacked_linear(generator, 1, *shape) for shape in ((2, 5, 1.0), (5, 5, 1.3), (5, 2, 1.3))]
        optimiser = torch.optim.Adam([part for layer in layers for part in layer], lr=rate)
        for step in range(steps):
            optimiser.param_groups[0]["lr"] = rate * (1 - step / steps)
            batch = data.train[0][torch.randint(60, (1, 32), generator=generator)[0]]
            loss = F.cross_entropy(af.network_output(layers, data.inputs[:, batch], torch.tanh)[0], data.labels[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        for found, index in zip(scores, (data.train, data.validation, data.test), strict=True):
            answer = af.network_output(layers, data.inputs[:, index[0]], torch.tanh)[0].argmax(-1)
            assert found[0, k] == pytest.approx(100 * (answer == data.labels[index[0]]).double().mean().item())


def test_training_learns_and_rates_do_not_touch_each_other():
    data = clouds(repeats=3)
    scores = af.train_networks(data, F.relu, [0.01, 1e-9], depth=2, steps=60, seed=0)
    assert scores.test[:, 0].mean() > 75  # the line between the clouds has 92 % right
    alone = af.train_networks(data, F.relu, 0.01, depth=2, steps=60, seed=0)
    np.testing.assert_allclose(alone.test[:, 0], scores.test[:, 0], atol=4)
    untrained = af.train_networks(data, F.relu, 1e-9, depth=2, steps=1, seed=0)
    np.testing.assert_array_equal(untrained.train[:, 0], scores.train[:, 1])


def test_rates_are_chosen_on_validation_data_alone():
    validation = np.array([[1.0, 9.0, 3.0], [7.0, 7.0, 2.0]])
    test = np.array([[99.0, 50.0, 98.0], [40.0, 99.0, 99.0]])
    scores = af.Accuracies(test + 1, validation, test)
    tested, trained = af.at_chosen_rates(scores)
    assert tested.tolist() == [50.0, 40.0] and trained.tolist() == [51.0, 41.0]
    assert af.at_chosen_rates(scores, slice(1, 3))[0].tolist() == [50.0, 99.0]

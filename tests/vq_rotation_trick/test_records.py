"""What is recorded while an ensemble trains, against one vector at a time with d×d matrices."""

import numpy as np
import pytest
import torch

from helpers.vq_rotation_trick import ESTIMATORS, Ensemble, Setting, handed_gradient, record_gradients, rotation_matrix
from tests.vq_rotation_trick.strategies import normal

DATA = normal(200, 6, dtype=torch.float32)
SETTINGS = [Setting(init=0.7, gamma=0.5), Setting("rotation", init=0.7, gamma=3.0)]


def one_by_one(z, q, codes, g, gamma, rotated):
    """The record of one model, from z, q, g (n, d) in float64 and its codes."""
    rows, by_share = [], []
    for vector, code, gradient in zip(z, q, g, strict=True):
        G = code.norm() / vector.norm() * rotation_matrix(vector, code)
        moved, distances = G.T @ gradient, (codes - vector).norm(dim=-1).sort().values
        plane = torch.linalg.qr(torch.stack([vector, code], 1))[0]
        own = (moved if rotated else gradient).norm()
        inside = (plane.T @ gradient).norm() ** 2 / gradient.norm() ** 2
        pulls = [-gradient @ vector / vector.norm(), -moved @ vector / vector.norm()]
        before, switched = (codes - vector).norm(dim=-1).argmin(), []
        for direction in (gradient, moved):
            arrived = vector - direction / direction.norm() * distances[0] / 2
            switched.append(float((codes - arrived).norm(dim=-1).argmin() != before))
        length, code_length = vector.norm(), code.norm()
        rows.append([length, code_length, code_length / length, own, 2 * gamma * distances[0], *pulls, inside])
        rows[-1] += switched
        by_share.append((float(distances[0] / distances[1]), float((moved - gradient).norm() / gradient.norm())))
    halves = np.array([change for _, change in sorted(by_share)]).reshape(2, -1).mean(1)
    return [*np.array(rows).mean(0), *halves]


NAMES = "length|code length|ratio|reconstruction|commitment|copied pull|rotated pull|in plane"
NAMES = [*NAMES.split("|"), "copied switch", "rotated switch", "core", "border"]


def test_records_are_those_of_single_vectors():
    ensemble = Ensemble(SETTINGS, DATA, repeats=2, seed=3, codes=5, dim=3, hidden=20)
    states = []

    def watch(ensemble, z, out, loss):
        (g,) = torch.autograd.grad(loss.sum(), out.values, retain_graph=True)
        codes = torch.cat([quantizer.code_vectors() for quantizer in ensemble.quantizers])
        states.append([x.detach().double() for x in (z, out.values, codes, z.shape[1] * g)])
        return record_gradients(ensemble, z, out, loss)

    (record,) = ensemble.fit(1, batch=20, watch=watch)
    assert set(record) == set(NAMES) and all(value.shape == (2, 2) for value in record.values())
    for model, (z, q, codes, g) in enumerate(zip(*states[0], strict=True)):
        setting = ensemble.settings[model // 2]
        expected = one_by_one(z, q, codes, g, setting.gamma, setting.estimator == "rotation")
        found = [record[name][model // 2, model % 2] for name in NAMES]
        assert found == pytest.approx(expected, rel=1e-3)


def test_the_loss_can_still_be_differentiated():
    ensemble = Ensemble(SETTINGS, DATA, repeats=2, seed=3, codes=5, dim=3, hidden=20)
    assert len(ensemble.fit(3, watch=record_gradients, every=1)) == 3


@pytest.mark.parametrize("name, estimator", ESTIMATORS.items())
def test_the_handed_gradient_is_what_backward_leaves(name, estimator):
    z, q, g = normal(3, 7, 4)
    kept = z.clone().requires_grad_()
    (estimator(kept, q) * g).sum().backward()
    assert torch.equal(handed_gradient(estimator, kept, q, g), kept.grad)
    assert torch.equal(handed_gradient(estimator, z, q, g), kept.grad) and not z.requires_grad

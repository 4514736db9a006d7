"""The ensemble against a plain loop over single models with torch's own layers, optimiser and nearest code."""

import pytest
import torch

from helpers.vq_rotation_trick import ESTIMATORS, Ensemble, Setting
from tests.vq_rotation_trick.strategies import normal

DATA = normal(300, 6, dtype=torch.float32)
SIZES = {"repeats": 3, "seed": 5, "codes": 6, "dim": 3, "hidden": 7}
SETTINGS = [
    Setting(gamma=0.5, lr=1e-2, init=0.3), Setting("rotation", init=0.3), Setting("rotation", init="kmeans"),
    Setting(init="kmeans", gamma=2.0), Setting(codebook="ema", init="kmeans"), Setting(codebook="lfq"),
]  # fmt: skip


def ensemble(settings=SETTINGS, **options):
    options = SIZES | options
    if any(setting.codebook == "lfq" for setting in settings):
        options["codes"] = 8
    return Ensemble(settings, DATA, **options)


def plain_training(start, model, setting, batches):
    """One model, copied out of ``start``, trained by torch.optim.Adam on the article's loss as it is written."""
    parameters = [p[model].detach().clone().requires_grad_() for p in start.encoder + start.decoder]
    place = start.settings.index(setting) * start.repeats
    first = next(k for k, s in enumerate(start.settings) if s[:2] == setting[:2]) * start.repeats
    quantizer = next(q for q in start.quantizers if q.estimator == setting.estimator)
    codes = quantizer.codebook.points[place - first + model % start.repeats].detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([*parameters, codes], lr=setting.lr)
    for x in batches:
        a, b, c, d, e, f, g, h = parameters
        z = torch.relu(x @ a + b) @ c + d
        q = codes[torch.cdist(z, codes).argmin(-1)]
        decoded = torch.relu(ESTIMATORS[setting.estimator](z, q.detach()) @ e + f) @ g + h
        loss = (x - decoded).square().sum(-1).mean() + (q - z.detach()).square().sum(-1).mean()
        loss = loss + setting.gamma * (z - q.detach()).square().sum(-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return [*parameters, codes]


@pytest.mark.parametrize("setting", SETTINGS[:4])
def test_each_model_is_trained_as_it_would_be_alone(setting):
    whole = ensemble(SETTINGS[:4])
    state = whole.generator.get_state()
    draws = torch.Generator()
    draws.set_state(state)
    choices = [torch.randint(len(DATA), (3, 20), generator=draws) for _ in range(15)]
    for repeat in range(3):
        model = whole.settings.index(setting) * 3 + repeat
        found = plain_training(ensemble(SETTINGS[:4]), model, setting, [DATA[choice[repeat]] for choice in choices])
        if repeat == 0:
            whole.fit(15, batch=20)
        for ours, theirs in zip(whole.encoder + whole.decoder, found, strict=False):
            torch.testing.assert_close(ours[model], theirs, rtol=1e-4, atol=1e-5)


def test_settings_of_a_repeat_share_network_noise_and_batches():
    both = ensemble()
    for p in both.encoder + both.decoder:
        stacked = p.reshape(len(both.settings), 3, *p.shape[1:])
        assert torch.equal(stacked, stacked[:1].expand_as(stacked))
        assert not torch.equal(stacked[0, 0], stacked[0, 1]) or not p.any()
    twin, pair = (Ensemble([s], DATA, **SIZES) for s in (Setting(init=0.3), Setting("rotation", init=0.6)))
    a, b = (e.quantizers[0].codebook.points for e in (twin, pair))
    torch.testing.assert_close(2 * a, b)
    seen = []
    for one in (twin, pair):
        one.fit(3, watch=lambda e, z, out, loss: seen.append(loss.detach()), every=3)
        assert one.gamma.tolist() == [4.0] * 3
    assert not torch.equal(seen[0][0], seen[0][1])


def test_kmeans_codes_are_the_centres_of_what_they_serve():
    start = ensemble([Setting(init="kmeans")])
    z = start.encode(DATA)[0].detach()
    points = start.quantizers[0].codebook.points
    for repeat in range(3):
        nearest = torch.cdist(z[repeat], points[repeat]).argmin(-1)
        means = torch.stack([z[repeat][nearest == k].mean(0) for k in range(6)])
        assert (means - points[repeat]).norm() < 0.2 * points[repeat].norm()


def test_what_is_evaluated_is_measured_on_the_reconstruction():
    trained = ensemble()
    trained.fit(4)
    x = DATA[:50]
    values = trained.evaluate(x)
    decoded, z, out = trained.reconstruct(x)
    assert list(values) == trained.settings and not any(q.training for q in trained.quantizers)
    for k, setting in enumerate(trained.settings):
        for repeat in range(3):
            model = 3 * k + repeat
            found = {name: value[repeat] for name, value in values[setting].items()}
            assert found["loss"] == pytest.approx(float((decoded[model] - x).square().mean()), rel=1e-5)
            assert found["usage"] == pytest.approx(len(out.codes[model].unique()) / 8)
            assert found["length"] == pytest.approx(float(z[model].norm(dim=-1).mean()), rel=1e-5)
            assert found["code length"] == pytest.approx(float(out.values[model].norm(dim=-1).mean()), rel=1e-5)
            if setting.codebook != "lfq":
                error = (z[model] - out.values[model]).square().sum(-1).mean()
                assert found["error"] == pytest.approx(float(error), rel=1e-4)


def test_records_are_taken_before_their_step():
    steps = []
    one = ensemble([Setting()])
    before = one.evaluate(DATA)[Setting()]["length"]
    records = one.fit(7, every=3, watch=lambda e, z, out, loss: steps.append(z.shape) or z.norm(dim=-1).mean().item())
    assert len(records) == 3 and steps[0] == (3, 64, 3)
    assert records[0] == pytest.approx(before.mean(), rel=0.1)
    assert one.fit(0) == [] and one.quantizers[0].training  # `evaluate` had stopped the training of codes


def test_published_sizes_are_the_defaults():
    assert Setting() == ("straight-through", "gradient", 1.0, 4.0, 1e-3, 0.0, None)
    one = Ensemble([Setting()], DATA, repeats=2, seed=0)
    assert [tuple(p.shape) for p in one.encoder + one.decoder] == [
        (2, 6, 32), (2, 1, 32), (2, 32, 8), (2, 1, 8), (2, 8, 32), (2, 1, 32), (2, 32, 6), (2, 1, 6),
    ]  # fmt: skip
    assert one.quantizers[0].codebook.points.shape == (2, 64, 8)
    assert len(one.fit(26, watch=lambda e, z, out, loss: z.shape)) == 2


def test_options_of_a_setting_reach_its_quantiser():
    settings = [Setting(restart=0.25), Setting("reflection", "fsq", levels=(2, 3)), Setting("rotation", "simvq")]
    found = {q.estimator: q for q in ensemble(settings).quantizers}
    assert found["straight-through"].codebook.restart == 0.25
    assert found["reflection"].codebook.levels.tolist() == [2, 3]
    assert [name for name, _ in found["rotation"].named_parameters()] == ["codebook.points", "codebook.matrix"]


def test_penalty_of_a_codebook_is_part_of_the_loss():
    one = ensemble([Setting(codebook="lfq", lr=1e-2)])
    one.quantizers[0].codebook.penalty = lambda x: 1e6 * x[..., 0].mean(-1)  # must push the first coordinate down
    before = one.encode(DATA)[0][..., 0].mean(-1)
    one.fit(10)
    assert (one.encode(DATA)[0][..., 0].mean(-1) < before - 0.1).all()


def test_twice_the_same_is_once():
    assert len(ensemble([Setting(), Setting(), Setting("rotation")]).settings) == 2


@pytest.mark.parametrize("options, message", [
    ({"settings": []}, "settings"), ({"settings": [Setting(init="zero")]}, "init"),
    ({"repeats": 0}, "repeats"), ({"hidden": 0}, "hidden"), ({"dim": 0}, "dim"),
    ({"codes": 1}, "codes"), ({"seed": -1}, "seed"),
])  # fmt: skip
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        ensemble(**({"settings": SETTINGS[:1]} | options))
    for bad in ({"steps": -1}, {"steps": 1, "batch": 0}, {"steps": 1, "every": 0}):
        with pytest.raises(ValueError, match=list(bad)[-1]):
            ensemble([Setting()]).fit(**bad)

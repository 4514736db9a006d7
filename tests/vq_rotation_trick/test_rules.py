"""What the layer asks of every codebook rule."""

import pytest
import torch

from helpers.vq_rotation_trick import CODEBOOKS, CodebookRule
from tests.vq_rotation_trick.strategies import normal, quantizer


@pytest.mark.parametrize("codebook", CODEBOOKS)
def test_every_rule_looks_up_codes_that_fit_what_it_compares(codebook):
    rule = quantizer(codebook=codebook, models=2).codebook
    assert isinstance(rule, CodebookRule) and type(rule) is CODEBOOKS[codebook]
    x = rule.compared(normal(2, 30, 4, dtype=torch.float32))
    values, indices = rule.look_up(x)
    assert values.shape == x.shape and indices.shape == (2, 30)
    assert indices.min() >= 0 and indices.max() < 8 and rule.penalty(x).shape == (2,)
    again, same = rule.look_up(values.detach())  # a code is its own code
    torch.testing.assert_close(again, values)
    assert torch.equal(same, indices)


def test_a_rule_refuses_or_leaves_out_what_it_does_not_define():
    rule, x = CodebookRule(), torch.ones(3, 5, 2)
    assert rule.is_placed() and torch.equal(rule.penalty(x), torch.zeros(3))
    assert rule.before_look_up(x) is None and rule.after_look_up(x, torch.zeros(3, 5).long()) is None
    with pytest.raises(ValueError, match="code_vectors"):
        rule.code_vectors()
    with pytest.raises(ValueError, match="place_codes"):
        rule.place_codes(x)
    for call in (rule.compared, rule.look_up):
        with pytest.raises(NotImplementedError):
            call(x)

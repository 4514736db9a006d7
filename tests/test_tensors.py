"""Checks of tensors, and what autograd keeps."""

import pytest
import torch

from helpers.tensors import float_tensor, saved_numbers


def test_float_tensors():
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        x = torch.ones(2, dtype=dtype)
        assert float_tensor("x", x) is x
    for wrong, kind in ((torch.ones(2).int(), "torch.int32"), (torch.ones(2) + 0j, "torch.complex64"), ([1.0], "list")):
        with pytest.raises(ValueError, match=f"x: is {kind}; give a tensor of float16, bfloat16, float32, float64"):
            float_tensor("x", wrong)
    with pytest.raises(ValueError, match="x: is torch.float64; give a tensor of float32"):
        float_tensor("x", torch.ones(1).double(), (torch.float32,))
    with pytest.raises(ValueError, match="x: holds nan or inf"):
        float_tensor("x", torch.tensor([1.0, torch.inf]), finite=True)


def test_only_dense_tensors():
    for wrong in (torch.eye(2).to_sparse(), torch.nested.nested_tensor([torch.ones(1)], layout=torch.jagged)):
        with pytest.raises(ValueError, match="x: is .*; give a dense tensor"):
            float_tensor("x", wrong)


def test_saved_numbers_count_each_tensor_once():
    x, y = torch.ones(10, requires_grad=True), torch.ones(10)
    assert saved_numbers(torch.add, x, y) == 0
    assert saved_numbers(torch.exp, x) == 1  # its own result
    assert saved_numbers(lambda x: x * x, x) == 1  # x twice
    assert saved_numbers(lambda x, y: (x * y).sin(), x, y) == 2

"""What is refused because it is no Gram matrix, and why."""

import numpy as np
import pytest

from helpers import multi_task_gradients as mtg


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("tasks", [2, 3, 20])
def test_refuses_what_is_no_gram_matrix(tasks, batch):
    good = np.eye(tasks)

    def refused(change, message):
        gram = good.copy()
        change(gram)
        with pytest.raises(ValueError, match=message):
            mtg.min_norm_weights(np.stack([good, gram]) if batch else gram)

    def put(*entries):
        def change(gram):
            for i, j, value in entries:
                gram[i, j] = value

        return change

    refused(put((0, 1, np.nan)), "gram: holds nan")
    refused(put((1, 0, np.nan)), "gram: holds nan")
    refused(put((1, 1, np.inf)), "gram: holds inf")
    refused(put((0, 0, -1.0)), "gram: has a negative diagonal")
    refused(put((0, 1, 0.5)), "gram: is asymmetric")
    refused(put((0, 1, 2.0), (1, 0, 2.0)), "exceeds the product")
    if tasks > 2:
        block = [(i, j, -0.9) for i in range(3) for j in range(3) if i != j]
        refused(put(*block), "gram: is indefinite beyond rounding")


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 0), (0, 2, 2)])
def test_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match="gram: shape"):
        mtg.min_norm_weights(np.ones(shape))


@pytest.mark.parametrize("gram", [np.eye(2) * 1j, np.eye(2, dtype=bool), np.array([["1"]])])
def test_refuses_other_dtypes(gram):
    with pytest.raises(ValueError, match="gram: has type"):
        mtg.min_norm_weights(gram)

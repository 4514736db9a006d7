"""Private interfaces of other packages still do what the course needs; each says with which version it was last seen.

When one of these fails after an upgrade, `helpers/_compat.py` is the only file to mend.
"""

import subprocess
import sys
from importlib.metadata import version

import pytest
import sympy
import torch
from nbformat.v4 import new_output

from helpers import _compat
from helpers.course.places import ROOT

SEEN = {"jsonschema": "4.26.0", "torch": "2.13.0", "sympy": "1.14.0", "nbval": "0.11.0", "hypothesis": "6.170.15"}


def seen(package):
    return f"{package} {version(package)} is installed; this was last seen to work with {SEEN[package]}"


def test_functorch_active():
    inside = []

    def f(x):
        inside.append(_compat.functorch_active())
        return x.sum()

    torch.func.grad(f)(torch.ones(2))
    torch.func.vmap(f)(torch.ones(2, 2))
    f(torch.ones(2))
    assert inside == [True, True, False], seen("torch")


def test_forward_mode_active():
    assert not _compat.forward_mode_active(), seen("torch")
    with torch.autograd.forward_ad.dual_level():
        assert _compat.forward_mode_active(), seen("torch")
        torch._dynamo.reset()
        assert torch.compile(lambda x: x * _compat.forward_mode_active(), backend="eager")(torch.ones(1)), seen("torch")
    assert not _compat.forward_mode_active(), seen("torch")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_exponential_left(dtype):
    x = torch.linspace(-20, 20, 41, dtype=dtype)
    factor = torch.linspace(1, 2, 41, dtype=dtype)
    expected = factor * torch.exp(x.clamp(max=0))
    torch.testing.assert_close(_compat.exponential_left(factor, x), expected, msg=lambda m: f"{seen('torch')}\n{m}")


def test_stored_derivative_rules():
    rules = set(_compat.stored_derivative_rules())
    assert {(sympy.sin, "fdiff"), (sympy.exp, "fdiff"), (sympy.Pow, "_eval_derivative")} <= rules, seen("sympy")
    assert all(callable(getattr(cls, name)) for cls, name in rules)


def test_output_comparison_is_the_one_that_nbval_calls(monkeypatch):
    plugin = pytest.importorskip("nbval.plugin")
    # nbval calls exactly this method with (test, ref, skip_compare) of lists of outputs.
    original = plugin.IPyNbCell.compare_outputs
    monkeypatch.setattr(plugin.IPyNbCell, "compare_outputs", original)  # put back at the end
    calls = []

    def wrapper(compare, cell, test, ref, skip):
        calls.append((cell, test, ref, skip))
        return True

    _compat.wrap_output_comparison(wrapper)
    output = [new_output("stream", text="1")]
    assert plugin.IPyNbCell.compare_outputs("cell", output, output) is True, seen("nbval")
    assert calls == [("cell", output, output, None)]
    assert callable(original), seen("nbval")


def test_commands_start_without_the_slow_grammar():
    code = (
        "import sys, helpers.course.command, nbformat.v4 as v4, nbformat\n"
        "nbformat.validate(v4.new_notebook())\n"
        "print(sys.modules.get('rfc3987_syntax'), 'jsonschema' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "None True", seen("jsonschema") + done.stderr


def test_examples_do_not_depend_on_what_is_imported():
    """In a fresh process, so that nothing has been imported before; 86421357 stands in a project file from then on."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from helpers import _compat; _compat.without_local_constants()\n"
        "import constant_of_a_project\n"
        "from hypothesis import HealthCheck, given, settings, strategies as st\n"
        "@given(st.integers())\n"
        "@settings(max_examples=2000, derandomize=True, database=None, suppress_health_check=list(HealthCheck))\n"
        "def drawn(n): assert abs(n) != 86421357\n"
        "drawn()"
    )
    folder = ROOT / "build" / "compat"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "constant_of_a_project.py").write_text("CONSTANT = 86421357\n")
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, seen("hypothesis") + done.stderr

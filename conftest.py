"""Settings for all tests, the notebooks' included, made before numpy or torch is imported."""

import base64
import os
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"  # float results depend on the number of threads
os.environ["COURSE_FIGURES"] = str(ROOT / "build" / "tested-figures")  # a test leaves figures/ alone
os.environ["COURSE_FORMATS"] = "svg,png,pdf"
os.environ.pop("COURSE_WIDGETS", None)

import nbval.plugin  # noqa: E402

from helpers.course.figures import changed_pixels  # noqa: E402

TOLERANCE = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["course"]["changed-pixels"]
_compare_text = nbval.plugin.IPyNbCell.compare_outputs


def _images(outputs) -> list[bytes]:
    return [base64.b64decode(o["data"]["image/png"]) for o in outputs if "image/png" in o.get("data", {})]


def _compare(self, test, ref, skip_compare=None) -> bool:
    """nbval's comparison, and the images too, which nbval leaves out: few of their pixels may differ."""
    if not _compare_text(self, test, ref, skip_compare):
        return False
    stored, fresh = _images(ref), _images(test)
    changes = [changed_pixels(a, b) for a, b in zip(stored, fresh, strict=False)]
    if len(stored) == len(fresh) and all(change <= TOLERANCE for change in changes):
        return True
    shares = ", ".join(f"{change:.2%}" for change in changes)
    self.comparison_traceback = [
        f"{len(stored)} images stored, {len(fresh)} produced; changed pixels: {shares} (at most {TOLERANCE:.2%})"
    ]
    return False


nbval.plugin.IPyNbCell.compare_outputs = _compare

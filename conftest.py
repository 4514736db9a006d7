"""Settings for all tests, the notebooks' included, made before numpy or torch is imported."""

import copy
import os
import re
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).parent
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"  # float results depend on the number of threads
os.environ["COURSE_FIGURES"] = str(ROOT / "build" / "tested-figures")  # a test leaves figures/ alone
os.environ["COURSE_FORMATS"] = "svg,png,pdf"
os.environ["COURSE_CLAIMS"] = "strict"  # what is stored must hold, whoever edited a parameter
os.environ.pop("COURSE_WIDGETS", None)

import nbval.kernel  # noqa: E402
from hypothesis import settings  # noqa: E402

from helpers._compat import without_local_constants, wrap_output_comparison  # noqa: E402
from helpers.course.notebooks import STARTS  # noqa: E402
from helpers.course.pictures import CHANGED_PIXELS, changed_pixels, embedded_png  # noqa: E402
from helpers.course.verdicts import MIME  # noqa: E402
from tests.examples import examples  # noqa: E402

settings.register_profile("course", examples(100))
settings.load_profile("course")
without_local_constants()

DECIMAL = re.compile(r"([-+]?\d+(?:\.\d+(?:e[-+]?\d+)?|e[-+]?\d+))")


def _agree(stored: str, fresh: str) -> bool:
    """Whether two texts are the same but for decimal numbers, which may differ by one unit of their last digit.

    Processors round differently. A whole number is a count, and must be the same.
    """
    stored, fresh = (DECIMAL.split(re.sub(r" +", " ", text)) for text in (stored, fresh))
    if stored[::2] != fresh[::2]:
        return False
    for pair in zip(stored[1::2], fresh[1::2], strict=True):
        a, b = map(Decimal, pair)
        if abs(a - b) > max(Decimal(1).scaleb(x.as_tuple().exponent) for x in (a, b)):
            return False
    return True


def _without_measured(data: dict) -> dict:
    """Texts and claims in ``data``, without images, which `_compare` compares, and without what claims measured.

    The claims have judged that.
    """
    if MIME in data:  # a table of claims; its text says the same
        return {MIME: [{k: v for k, v in row.items() if k != "measured"} for row in data[MIME]["claims"]]}
    texts = {kind: text for kind, text in data.items() if kind.startswith("text/")}
    return {kind: re.sub(r"; measured .*\)$|base64,[^\"]*", "", text) for kind, text in texts.items()}


def _settled(stored: list, fresh: list) -> list:
    """The fresh outputs, with the stored text in place of each that says the same."""
    settled = copy.deepcopy(fresh)
    for a, b in zip(stored, settled, strict=False):
        if a.get("name") == b.get("name") and "text" in a and "text" in b and _agree(a["text"], b["text"]):
            b["text"] = a["text"]
        before, after = a.get("data", {}), b.get("data", {})
        if before.keys() == after.keys():
            old, new = _without_measured(before), _without_measured(after)
            same = {kind for kind in old if old[kind] == new[kind] or (kind != MIME and _agree(old[kind], new[kind]))}
            if MIME in same:
                same |= {"text/markdown", "text/plain"}
            after.update({kind: before[kind] for kind in same})
    return settled


def _images(outputs) -> list[bytes]:
    return [png for output in outputs if (png := embedded_png(output.get("data", {}))) is not None]


def _compare(compare_text, self, test, ref, skip_compare=None) -> bool:
    """nbval's comparison, forgiving what processors round differently, and of the images too, pixel by pixel."""
    if not compare_text(self, _settled(ref, test), ref, skip_compare):
        return False
    stored, fresh = _images(ref), _images(test)
    changes = [changed_pixels(a, b) for a, b in zip(stored, fresh, strict=False)]
    if len(stored) == len(fresh) and all(change <= CHANGED_PIXELS for change in changes):
        return True
    shares = ", ".join(f"{change:.2%}" for change in changes)
    self.comparison_traceback = [
        f"{len(stored)} images stored, {len(fresh)} produced; changed pixels: {shares} (at most {CHANGED_PIXELS:.2%})"
    ]
    return False


wrap_output_comparison(_compare)


def tried_again(start):
    """``start``, which starts a kernel, once more where that died: a port that was free may be taken by then."""

    def wrapped(*args, **kwargs):
        for left in reversed(range(STARTS)):
            try:
                return start(*args, **kwargs)
            except RuntimeError as error:
                if not left or "died" not in str(error):
                    raise

    return wrapped


nbval.kernel.start_new_kernel = tried_again(nbval.kernel.start_new_kernel)

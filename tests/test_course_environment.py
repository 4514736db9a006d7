"""The three lists of dependencies agree, and the code keeps its style.

What this does not prove: that conda can solve environment.yml. No conda runs here; only its names and bounds are
compared with pyproject.toml, whose versions pip did install.
"""

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from rattler import MatchSpec

from helpers.course.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA_NAMES = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}
# Not on conda-forge under a name we could check; pip installs them there.
PIP_ONLY = {"axe-core-python", "sphinx-mathjax-offline", "sphinx-revealjs", "torchjd", "vector-quantize-pytorch"}


def bounds(specs):
    requirements = [Requirement(re.sub(r"\[.*?\]", "", spec)) for spec in specs]
    return {canonicalize_name(requirement.name): str(requirement.specifier) for requirement in requirements}


(SETUPTOOLS,) = bounds(tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]).values()
RUNTIME, TEST = bounds(PROJECT["dependencies"]), bounds(PROJECT["optional-dependencies"]["test"])
CONSTRAINTS = bounds(
    line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")
)


def test_environment_yml_says_what_pyproject_says():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["channels"] == ["conda-forge"]
    *conda, pip = environment["dependencies"]
    assert pip == {"pip": ["--editable .[test]"]}
    expected = {CONDA_NAMES.get(name, name): bound for name, bound in (RUNTIME | TEST).items() if name not in PIP_ONLY}
    assert bounds(conda) == expected | {"python": PROJECT["requires-python"], "pip": ""}


def test_binder_installs_a_readers_part_for_one_python_that_it_knows():
    environment = yaml.safe_load((ROOT / ".binder" / "environment.yml").read_text())
    expected = {CONDA_NAMES.get(name, name): bound for name, bound in RUNTIME.items()}
    found = bounds(spec for spec in environment["dependencies"] if not spec.startswith("python="))
    assert found == expected | {"pip": "", "setuptools": SETUPTOOLS}
    (python,) = [spec for spec in environment["dependencies"] if spec.startswith("python")]
    minor = re.fullmatch(r"python=3\.(\d+)", python)  # the only form that repo2docker reads
    assert minor and Version(f"3.{minor[1]}") in Requirement(f"python{PROJECT['requires-python']}").specifier
    for name in ("start", "postBuild"):
        assert os.access(ROOT / ".binder" / name, os.X_OK)
    assert "COURSE_WIDGETS=1" in (ROOT / ".binder" / "start").read_text()


@pytest.mark.parametrize("file", ["environment.yml", ".binder/environment.yml"])
def test_conda_reads_every_line(file):
    """As strictly as that goes without a channel: rattler, which conda's successors use, parses each specification."""
    for spec in yaml.safe_load((ROOT / file).read_text())["dependencies"]:
        if isinstance(spec, str):
            match = MatchSpec(spec, strict=True)
            assert match.name is not None and (match.version is not None or spec == "pip")


def test_the_oldest_versions_are_the_lower_bounds():
    oldest = bounds(line for line in (ROOT / "constraints-oldest.txt").read_text().splitlines() if line[0] != "#")
    expected = {name: bound.replace(">=", "==") for name, bound in (RUNTIME | TEST).items()}
    assert oldest == expected


def test_a_test_has_what_the_book_and_the_audit_need():
    for extra in ("audit", "book"):
        assert bounds(PROJECT["optional-dependencies"][extra]).items() <= TEST.items()


def test_constraints_are_within_the_bounds_and_name_no_address_and_no_build():
    text = (ROOT / "constraints.txt").read_text()
    assert "torch==2.13.0\n" in text and not re.search(r"://| @ |\+", text)
    for name, bound in (RUNTIME | TEST).items():
        pinned = Requirement(f"{name}{CONSTRAINTS[name]}").specifier
        assert len(pinned) == 1 and str(pinned).startswith("==")
        assert Version(str(pinned)[2:]) in Requirement(f"{name}{bound}").specifier


def test_what_is_installed_is_within_the_bounds():
    for name, bound in (RUNTIME | TEST).items():
        assert Requirement(f"{name}{bound}").specifier.contains(version(name), prereleases=True), name


CHECKS = {
    "style": ["ruff", "check", "."],
    "layout": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "spelling": ["codespell", "."],
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_code_keeps_its(check):
    module, *arguments = CHECKS[check]
    command = [sys.executable, "-m", {"codespell": "codespell_lib"}.get(module, module), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_global_random_state():
    """A figure without its own generator changes at every build.

    The layers of `torch.nn` take no generator, so a notebook may seed torch once, for the plain loop that comes first.
    """
    pattern = r"np\.random\.(seed|rand|randn|normal|uniform|randint|choice)\(|torch\.manual_seed\("
    for path in [*(ROOT / "helpers").rglob("*.py"), *(ROOT / "notebooks").glob("*.ipynb")]:
        text = path.read_text()
        assert text.count("torch.manual_seed(seed)") <= (path.suffix == ".ipynb"), path.name
        assert not re.search(pattern, text.replace("torch.manual_seed(seed)", "")), path.name


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda path: path.name)
def test_workflows_read_only_and_run_actions_of_one_commit(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"} and "secrets." not in path.read_text()
    uses = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert uses and all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action) for action in uses)
    assert all(job["timeout-minutes"] <= 330 for name, job in workflow["jobs"].items() if name != "deploy")

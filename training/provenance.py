"""Which code a run was made with: the commit where there is one, and a hash of the sources."""

import hashlib
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("handx_gen", "training")


def source_hash() -> str:
    """Hash over the Python files of `PACKAGES`: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *words],
            capture_output=True, text=True, check=True, timeout=20,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def code_state() -> dict[str, Any]:
    """What to write beside weights: `sources`, and in a checkout `commit` and `changed`."""
    state: dict[str, Any] = {"sources": source_hash()}
    top = _git("rev-parse", "--show-toplevel")
    if top is not None and Path(top).resolve() == ROOT:
        state["commit"] = _git("rev-parse", "HEAD")
        state["changed"] = bool(_git("status", "--porcelain", "--", *PACKAGES))
    return state

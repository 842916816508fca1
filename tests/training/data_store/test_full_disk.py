"""A disk that is full: one line, nothing half-written, and the same command goes on."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from training.data.corpus import Store

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 400_000
"""Largest file that may be written [bytes]: a shard of these takes has 1.5 MB."""


@pytest.fixture
def takes(made, tmp_path) -> Path:
    time = np.arange(600) / 30
    folder = tmp_path / "takes"
    folder.mkdir()
    for k in range(5):
        np.savez(folder / f"{k}.npz", joints=made.hands(time, 0.2 + 0.01 * k), fps=30.0)
    return folder


def handx(*words, limit: int | None = None) -> subprocess.CompletedProcess:
    """The command as a user runs it; no file of it may grow beyond `limit` bytes."""

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "handx", "data", *map(str, words)]
    return subprocess.run(
        command,
        cwd=ROOT,
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )


def test_import_and_filter(takes, tmp_path) -> None:
    store, chosen = tmp_path / "store", tmp_path / "chosen"
    for out, words in (
        (store, ("import", "plain", takes, "--workers", "1", "--out", store)),
        (chosen, ("filter", store, "--out", chosen)),
    ):
        stopped = handx(*words, limit=LIMIT)
        assert stopped.returncode == 2
        assert len(stopped.stderr.strip().splitlines()) == 1
        assert "File too large" in stopped.stderr
        assert "Fix:" in stopped.stderr
        assert not list(out.rglob("*.arrow"))
        assert not list(out.rglob(".*-*"))  # no temporary file
        finished = handx(*words)
        assert finished.returncode == 0, finished.stderr
        assert len(list(Store(out).clips())) == 50

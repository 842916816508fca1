"""Banded systems: solved as the whole matrix is, on one thread, and refused alike."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from retarget import banded


def system(size=40, width=6, seed=0):
    """A positive definite band, its whole matrix and a right-hand side."""
    rng = np.random.default_rng(seed)
    lower = np.tril(rng.normal(size=(size, size)))
    lower[np.abs(np.subtract.outer(np.arange(size), np.arange(size))) > width // 2] = 0
    whole = lower @ lower.T + np.eye(size)
    band = np.zeros((width + 1, size))
    for off in range(width + 1):
        band[off, : size - off] = np.diagonal(whole, -off)
    return band, whole, rng.normal(size=size)


def test_it_solves_what_the_whole_matrix_says():
    band, whole, right = system()
    expected = np.linalg.solve(whole, right)
    found = banded.solve_banded_spd(band, right)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_what_is_not_positive_definite_is_refused():
    band, _, right = system()
    band[0] = -1.0
    with pytest.raises(np.linalg.LinAlgError):
        banded.solve_banded_spd(band, right)


def test_it_takes_one_thread_and_gives_the_others_back(monkeypatch):
    import scipy.linalg

    def threads():
        return [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]

    really, during = scipy.linalg.solveh_banded, []

    def watched(*given, **options):
        during.extend(threads())
        return really(*given, **options)

    monkeypatch.setattr(scipy.linalg, "solveh_banded", watched)
    band, _, right = system()
    with threadpool_limits(2, "blas"):  # the tests themselves may run on one
        before = threads()
        banded.solve_banded_spd(band, right)
        assert threads() == before
    assert 2 in before
    assert during
    assert set(during) == {1}

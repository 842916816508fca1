"""Motions to retarget: robots, recordings where present, and random numbers."""

import numpy as np
import pytest

import robots
from handx_gen.motion import BimanualMotion
from tests.retarget.recordings import read_leap, read_noisy


@pytest.fixture(scope="session")
def shadow():
    return robots.load_robot("shadow")


@pytest.fixture(scope="session")
def inspire():
    return robots.load_robot("inspire")


@pytest.fixture(scope="session")
def leap():
    return robots.load_robot("leap")


@pytest.fixture(scope="session")
def noisy_recording(shared_dir) -> BimanualMotion:
    return read_noisy(shared_dir)


@pytest.fixture(scope="session")
def leap_recording(shared_dir) -> BimanualMotion:
    return read_leap(shared_dir)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)

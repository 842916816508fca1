"""Errors keep what they carry when a worker process hands them back."""

import pickle

import pytest

from handx_gen.errors import InputError, MissingExtra


@pytest.mark.parametrize(
    "error",
    [
        InputError("a.npz", "joints", "is empty", "record again"),
        MissingExtra("the fit", "mano", "smplx"),
    ],
)
def test_errors_survive_a_process_boundary(error):
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)

"""Rollouts in a folder: any number of workers, interrupted, a worker killed."""

import importlib.util
import os
import signal
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from handx_gen.errors import InputError
from sim import rollout_store
from sim.batch import simulate
from sim.perturbation import Perturbation, Spread
from sim.rollout_store import Chunk, chunks, run_chunk, run_store, tip_errors
from training.data.parallel import ordered_map

WIDE = Spread(mass=0.3, latency=0.03)


@pytest.fixture
def work(shadow, wander, monkeypatch) -> list[Chunk]:
    monkeypatch.setattr(rollout_store, "CHUNK", 2)
    return list(
        chunks(
            [wander(shadow, seed=k, seconds=0.4) for k in (0, 1)], shadow, 3, WIDE, 7
        )
    )


def contents(folder) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_any_number_of_workers_writes_the_same_bytes(work, tmp_path) -> None:
    run_store(work, tmp_path / "one", map)
    run_store(work, tmp_path / "two", partial(ordered_map, workers=2, ray=False))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert len(contents(tmp_path / "one")) == 4


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="no ray")
def test_ray_writes_the_same_bytes(work, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    run_store(work, tmp_path / "here", map)
    run_store(work, tmp_path / "ray", partial(ordered_map, workers=2, ray=True))
    assert contents(tmp_path / "here") == contents(tmp_path / "ray")


def test_a_stopped_run_goes_on(work, tmp_path) -> None:
    asked = []

    def some(function, tasks):
        for number, task in enumerate(tasks):
            if number == 2:
                raise KeyboardInterrupt
            asked.append(task.name)
            yield function(task)

    with pytest.raises(KeyboardInterrupt):
        run_store(work, tmp_path / "a", some)
    assert len(contents(tmp_path / "a")) == 2
    told = []
    outcomes = run_store(work, tmp_path / "a", map, lambda *counts: told.append(counts))
    assert told[0] == (0, 2)
    assert told[-1] == (2, 2)
    run_store(work, tmp_path / "b", map)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert [len(one.tip_error) for one in outcomes] == [2, 1, 2, 1]
    assert all(np.isfinite(one.tip_error).all() for one in outcomes)


def kill_on_second(chunk: Chunk):
    """A worker that dies in the second chunk."""
    if chunk.first:
        os.kill(os.getpid(), signal.SIGKILL)
    return run_chunk(chunk)


def test_a_killed_worker_is_said_and_nothing_is_half_written(work, tmp_path) -> None:
    mapped = partial(ordered_map, workers=2, ray=False)
    with pytest.raises(InputError, match="killed"):
        run_store(work, tmp_path, lambda _, tasks: mapped(kill_on_second, tasks))
    run_store(work, tmp_path, map)
    assert set(contents(tmp_path)) == {chunk.name for chunk in work}


def test_a_damaged_file_is_named(work, tmp_path) -> None:
    run_store(work[:1], tmp_path, map)
    (tmp_path / work[0].name).write_bytes(b"PK")
    with pytest.raises(InputError, match=work[0].name):
        run_store(work[:1], tmp_path, map)


def test_another_description_of_the_robot_is_refused(work) -> None:
    with pytest.raises(InputError, match="another description"):
        run_chunk(replace(work[0], robot_sha256="0" * 64))


def test_a_late_robot_is_further_from_its_command(shadow, wander) -> None:
    trajectory = wander(shadow, seconds=0.7)
    late = [Perturbation(latency=0.3), Perturbation()]
    far, near = tip_errors(simulate(trajectory, shadow, late), trajectory)
    assert near < 0.005 < far

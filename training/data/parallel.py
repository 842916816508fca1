"""`map` in order: in this process, over processes, or over a Ray cluster."""

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from handx_gen.errors import InputError, MissingExtra

Task = TypeVar("Task")
Result = TypeVar("Result")


def ordered_map(
    work: Callable[[Task], Result], tasks: Iterator[Task], workers: int, ray: bool
) -> Iterator[Result]:
    """Results in the order of the tasks; tasks are taken only a little ahead.

    Args:
        work: A function that can be pickled.
        tasks: Any number; read in this process.
        workers: Processes; 1 works in this one.
        ray: Use a Ray cluster instead: the one that RAY_ADDRESS names, or one that is
            started on this machine and listens on loopback only.

    Raises:
        MissingExtra: Ray is asked for and not installed.
    """
    if ray:
        return _over_ray(work, tasks, workers)
    if workers > 1:
        return _over_processes(work, tasks, workers)
    return map(work, tasks)


def _over_processes(
    work: Callable[[Task], Result], tasks: Iterator[Task], workers: int
) -> Iterator[Result]:
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    # A forked child would inherit the locks of whatever thread draws the progress. The
    # terminal's Ctrl-C reaches all processes; only this one has to act on it.
    with ProcessPoolExecutor(
        workers, get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN)
    ) as pool:
        try:
            yield from _in_order(
                workers + 2,
                tasks,
                lambda task: pool.submit(work, task),
                lambda future: future.result(),
            )
        except BrokenProcessPool as error:
            raise InputError(
                "--workers", "", "a worker was killed, perhaps for want of memory",
                "run the same command with fewer: it goes on where it was",
            ) from error  # fmt: skip
        finally:
            pool.shutdown(cancel_futures=True)


def _over_ray(
    work: Callable[[Task], Result], tasks: Iterator[Task], workers: int
) -> Iterator[Result]:
    alone = "RAY_ADDRESS" not in os.environ
    if alone:
        # Without these Ray listens on every interface, and reports its use. The first is
        # read when ray is imported, hence not at the top of this file.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ModuleNotFoundError as error:
        raise MissingExtra("--ray", "ray", "ray") from error
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if alone:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        options |= {
            "num_cpus": workers, "include_dashboard": False,
            "runtime_env": {"env_vars": {"PYTHONPATH": path}},
            "_node_ip_address": "127.0.0.1",
        }  # fmt: skip
    try:
        ray.init(**options)
    except Exception as error:  # Ray raises nothing narrower where a node is too slow
        problem = str(error).splitlines() or [type(error).__name__]
        raise InputError(
            "--ray", "", f"Ray did not start ({problem[0]})",
            "try again when the machine is less busy, check RAY_ADDRESS, or leave it out",
        ) from error  # fmt: skip
    try:
        remote = ray.remote(num_cpus=1)(_call)
        shared = ray.put(work)
        cores = int(ray.cluster_resources().get("CPU", 1))
        yield from _in_order(
            cores + 2,
            tasks,
            lambda task: remote.remote(shared, task),
            lambda reference: cast(Result, ray.get(reference)),
        )
    finally:
        ray.shutdown()


def _call(work: Callable[[Task], Result], task: Task) -> Result:
    return work(task)


def _in_order(
    ahead: int,
    tasks: Iterator[Task],
    submit: Callable[[Task], object],
    result: Callable[..., Result],
) -> Iterator[Result]:
    """Results in order, with at most `ahead` tasks under way."""
    pending: deque[object] = deque()
    for task in tasks:
        pending.append(submit(task))
        if len(pending) >= ahead:
            yield result(pending.popleft())
    while pending:
        yield result(pending.popleft())

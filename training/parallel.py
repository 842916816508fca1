"""Several training processes that share one model: gradients averaged at every step.

    torchrun --nproc-per-node 2 -m training.train_diffusion …
    accelerate launch --num_processes 8 -m training.train_diffusion …

On GPUs this is one process per device. On a busy CPU two processes of one thread each do
better than one of two threads: they meet once a step, not at every matrix product.
"""

import os
from importlib.util import find_spec
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def _join(device: str) -> None:
    """Join the process group: accelerate knows more machines than CUDA's and the CPU's."""
    if find_spec("accelerate") is not None:
        from accelerate import PartialState

        PartialState(cpu=device == "cpu")
    else:
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")


class Workers:
    """The processes of this run; one, unless started by torchrun or accelerate.

    Attributes:
        rank: Number of this process.
        count: How many there are.
    """

    def __init__(self, device: str = "cpu") -> None:
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        if self.count > 1 and not dist.is_initialized():
            _join(device)

    def average(self, parameters: list[Tensor], numbers: list[float]) -> list[float]:
        """Average all gradients in place, and some numbers, over the processes.

        Args:
            parameters: With gradients.
            numbers: This process's numbers.

        Returns:
            The mean numbers, the same in every process.
        """
        if self.count == 1:
            return numbers
        gradients = [p.grad for p in parameters if p.grad is not None]
        extra = gradients[0].new_tensor(numbers)
        flat = torch.cat([*(g.reshape(-1) for g in gradients), extra])
        dist.all_reduce(flat)
        flat /= self.count
        start = 0
        for gradient in gradients:
            stop = start + gradient.numel()
            gradient.copy_(flat[start:stop].view_as(gradient))
            start = stop
        return flat[start:].tolist()

    def agree(self, value: Any) -> Any:
        """What process 0 says, in every process."""
        if self.count == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box)
        return box[0]

    def close(self) -> None:
        """Leave the group."""
        if self.count > 1 and dist.is_initialized():
            dist.destroy_process_group()

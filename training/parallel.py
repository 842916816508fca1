"""Several training processes that share one model: gradients averaged at every step.

    torchrun --nproc-per-node 2 -m training.train_diffusion …

On GPUs this is one process per device. On a busy CPU two processes of one thread each do
better than one of two threads: they meet once a step, not at every matrix product.
"""

import os

import torch
import torch.distributed as dist
from torch import Tensor


class Workers:
    """The processes of this run; one, unless started by torchrun.

    Attributes:
        rank: Number of this process.
        count: How many there are.
    """

    def __init__(self, device: str = "cpu") -> None:
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        if self.count > 1:
            dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")

    def average(self, parameters: list[Tensor], value: float) -> float:
        """Average all gradients in place, and one number, over the processes.

        Args:
            parameters: With gradients.
            value: This process's number.

        Returns:
            The mean number, the same in every process.
        """
        if self.count == 1:
            return value
        gradients = [p.grad for p in parameters if p.grad is not None]
        number = gradients[0].new_tensor([value])
        flat = torch.cat([g.reshape(-1) for g in gradients] + [number])
        dist.all_reduce(flat)
        flat /= self.count
        start = 0
        for gradient in gradients:
            stop = start + gradient.numel()
            gradient.copy_(flat[start:stop].view_as(gradient))
            start = stop
        return float(flat[-1])

    def close(self) -> None:
        """Leave the group."""
        if self.count > 1:
            dist.destroy_process_group()

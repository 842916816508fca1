"""Half the precision where a CPU computes it faster."""

import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handx_gen.diffusion.paper.network import PaperDenoiser

INSTRUCTIONS = ("avx512_bf16", "amx_bf16")
"""What a processor needs; elsewhere bfloat16 is emulated and slower than float32."""


def has_fast_bfloat16() -> bool:
    """Whether this machine's CPU multiplies bfloat16 matrices in hardware."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in INSTRUCTIONS)


def in_bfloat16(denoiser: "PaperDenoiser") -> "PaperDenoiser":
    """A copy whose decoder, nearly all of its work, computes in bfloat16.

    Frames go in and come out in float32, as does what is added to them.
    """
    import torch

    quick = copy.deepcopy(denoiser)
    quick.seq_trans_decoder.to(torch.bfloat16)
    return quick

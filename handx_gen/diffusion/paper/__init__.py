"""The paper's diffusion model: its network, its released weights, its sampler."""

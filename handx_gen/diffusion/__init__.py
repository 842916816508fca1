"""Flow-path diffusion: the denoiser, its noise schedule, its sampler."""

"""What a preset adds to the training loop: its losses, its optimiser, its batches."""

"""Data for training: the synthetic set, its store on disk, its batches."""

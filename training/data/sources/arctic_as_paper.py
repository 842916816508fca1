"""ARCTIC with the HandX paper's mean pose and tip vertices, to compare with its data."""

from training.data.sources.arctic import AS_PAPER

SOURCE = AS_PAPER

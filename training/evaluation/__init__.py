"""Does the motion do what the text asked: held-out splits, baselines, scores."""

"""From data sets to trained weights: download, corpus, training, evaluation."""

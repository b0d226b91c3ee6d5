"""The compatible face: the vendor's paths, words and code tables. They live here and nowhere else."""

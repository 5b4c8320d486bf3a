"""What it costs an adversary to break a ring, or to pull an innocent account into one, on simulated worlds."""

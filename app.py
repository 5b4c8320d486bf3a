"""Opens the explorer."""

"""Short lists that ship with the package."""

"""Which accounts share a controller, which rings they form, and what the evidence can and cannot carry."""

__version__ = "0.1.0"

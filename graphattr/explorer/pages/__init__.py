"""The explorer's pages; each is a function without arguments, listed in app.py."""

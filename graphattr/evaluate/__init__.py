"""How right a run is: against a known truth (`evaluate`), or against third-party reports (`reported`)."""

from graphattr.evaluate.evaluation import evaluate
from graphattr.evaluate.page import html, write_page
from graphattr.evaluate.report import Report
from graphattr.evaluate.reported import reported, reported_members

__all__ = ["Report", "evaluate", "html", "reported", "reported_members", "write_page"]

"""Intake over HTTP: clients for the operator, claims and files for clients. Refusals are RFC 9457 problems."""

from intake.http.application import make_http

__all__ = ["make_http"]

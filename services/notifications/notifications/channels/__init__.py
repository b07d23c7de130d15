"""The receivers: an SMTP relay, an SMS provider, a printer's folder."""

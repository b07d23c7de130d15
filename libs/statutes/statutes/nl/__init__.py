"""Dutch collection law: one function a question."""

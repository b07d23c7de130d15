"""Belgian collection law: one function a question."""

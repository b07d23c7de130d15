"""What legal decides with: where a file stands, which procedure the law opens, which partner takes it. Pure."""

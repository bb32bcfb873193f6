"""Request and style -> the style as this caller wants it, or a refusal that says what cannot be met."""

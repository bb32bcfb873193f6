"""How a wish is refused."""

from aimusic.errors import FieldError, InvalidRequest


def refusal(field: str, detail: str, code: str = "conflict") -> InvalidRequest:
    """A wish that cannot be met, with the reason."""
    return InvalidRequest(FieldError(f"#/{field}", detail, code))

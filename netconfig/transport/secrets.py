"""Takes secrets out of what a device says, before anybody stores or prints it."""

import re

MASK = "********"

_SECRET = re.compile(
    r"\b(secret|password|passwd|community|key-string|pre-shared-key|authentication-key|shared-secret)"
    r"( \d{1,2})? +(\S+)"
    r"|\bkey( \d{1,2}) +(\S+)",
    re.IGNORECASE,
)


def mask(text: str, *secrets: str) -> str:
    """A text without these secrets, and without the word behind `password`, `community` and such."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, MASK)
    return _SECRET.sub(_hide, text)


def _hide(found: re.Match[str]) -> str:
    if found[1]:
        return f"{found[1]}{found[2] or ''} {MASK}"
    return f"key{found[4]} {MASK}"

"""Taking the comments out of a YAML text: what nobody has checked shall not be kept."""

import re

import yaml
from yaml.tokens import ScalarToken, Token

_COMMENT = re.compile(r"[ \t]*#[^\r\n\x85\u2028\u2029]*")


def without_comments(text: str) -> str:
    """The same document without its comments, every line where it was.

    Raises:
        yaml.YAMLError: the text is no YAML.
    """
    kept: list[str] = []
    end = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        begin, after = token.start_mark.index, token.end_mark.index
        if begin > end:
            # Between two tokens there is nothing but space, line ends and comments.
            kept.append(_COMMENT.sub("", text[end:begin]))
        if after > end:
            kept.append(_token(token, text[max(begin, end) : after]))
            end = after
    kept.append(_COMMENT.sub("", text[end:]))
    return "".join(kept)


def _token(token: Token, text: str) -> str:
    """A token as it stands; a block of text may have a comment beside the sign that begins it."""
    if isinstance(token, ScalarToken) and token.style in {"|", ">"}:
        head, line_end, block = text.partition("\n")
        return _COMMENT.sub("", head) + line_end + block
    return text

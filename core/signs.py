"""Signs one can answer with: single emoji, and the shortcodes of small pictures."""

from __future__ import annotations

import re

SHORTCODE = r"[A-Za-z0-9_]{2,100}"  # of ours; others have dashes and single letters in theirs
SHORTCODES = re.compile(r"(?<![\w:/]):([A-Za-z0-9_+-]{1,100}):(?!\w)")
CUSTOM = re.compile(r":?([A-Za-z0-9_+-]{1,100})(?:@([A-Za-z0-9.-]{1,255}(?::[0-9]{1,5})?))?:?")
LONGEST = 40

_PICTURE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_SKIN = "[\U0001f3fb-\U0001f3ff]"
_TAGS = "[\U000e0020-\U000e007f]"
_ONE = f"{_PICTURE}\ufe0f?{_SKIN}?{_TAGS}{{0,8}}"
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_KEY = "[0-9#*]\ufe0f?\u20e3"
_SIGN = re.compile(f"{_FLAG}|{_KEY}|{_ONE}(?:\u200d{_ONE}){{0,8}}")
_HALF_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")


def sign_of(text: str) -> str | None:
    """One emoji in its one spelling here; None for anything else."""
    text = text.strip()
    if len(text) > LONGEST or not _SIGN.fullmatch(text) or (len(text) == 1 and _HALF_FLAG.fullmatch(text)):
        return None
    bare = text.replace("\ufe0f", "")
    # A sign of old that is text by itself is asked to be a picture; of longer ones every part may be.
    return f"{bare}\ufe0f" if len(bare) == 1 and bare < "\U0001f000" else text

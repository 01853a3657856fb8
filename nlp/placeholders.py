"""What stands where a personal detail was masked: it says nothing of the matter."""

from __future__ import annotations

import re

# 〔姓名〕, 〔电话〕: the kind within.
PLACEHOLDER = re.compile("〔([^〕]{1,8})〕")

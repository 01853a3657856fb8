"""Personal details in a text, found and replaced by placeholders that keep the kind (docs/masking.md).

The crawler's and the importers' last step: nothing unmasked leaves crawler/.
"""

from crawler.masking.kinds import Finding, Kind
from crawler.masking.whole import find, mask, mask_post

__all__ = ["Finding", "Kind", "find", "mask", "mask_post"]

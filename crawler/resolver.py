"""Names that lead into a private network are not found: checked at every look-up, redirects included."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.request import getproxies

from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

from crawler.middlewares import is_private_address
from crawler.refusals import plain_host


class PublicAddressResolver(CachingThreadedResolver):
    """Scrapy's resolver, without loopback, private and link-local addresses. A set proxy may be any."""

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:  # noqa: N802  # Twisted's
        found = super().getHostByName(name, timeout)
        if name in map(plain_host, getproxies().values()):
            return found
        return found.addCallback(_only_public, name)


def _only_public(address: str, name: str) -> str:
    if is_private_address(address):
        raise DNSLookupError(f"{name} is {address}, which is no public address")
    return address

"""Show: the web pages and the small JSON API, on loopback only until sign-in exists."""

"""Show: web pages over what the other rooms know."""

"""Keep and find: the SQL database, which is the truth, and the search index, which is a copy."""

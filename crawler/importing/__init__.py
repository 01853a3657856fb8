"""Exports of hotlines and inboxes, read row by row: columns, dates, and the formats of files."""

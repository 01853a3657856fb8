"""`python -m app` is `huiying`."""

from app.cli import main

main()

"""Reports for people: blocks of text, tables and figures as an HTML page, as Markdown, or for a terminal."""

"""``mien timeline``: expressions over time, from JSON lines to a table, a picture or a page."""

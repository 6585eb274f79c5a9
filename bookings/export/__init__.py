"""Files of rows as they were at one moment: ordered, written by the workers, fetched by a signed link."""

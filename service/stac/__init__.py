"""The STAC API over what jobs have published: searches are read here, answered by the job book, and written here."""

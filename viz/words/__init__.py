"""Names, numbers and sentences: what pictures, pages and the terminal say."""

"""What a process leaves for the next one: files, and what is written in them."""

"""One attempt, and the crew of workers that make them."""

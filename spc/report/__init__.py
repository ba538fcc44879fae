"""What a fit found, told: the rows as the model sees them, the pictures of it, and one file for the record."""

"""What falls due with records: set when they go or come, told to people in time, and done on the day."""

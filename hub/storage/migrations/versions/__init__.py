"""One module per version of the tables; what is released is never changed."""

"""The directory of agencies: joined, fetched, changed with others' approval, published. It only proposes."""

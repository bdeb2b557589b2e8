"""The one place where concrete things meet: a hub is made, opened and served here."""

"""AS4 against itself, against hostile messages, and against the package `as4`."""

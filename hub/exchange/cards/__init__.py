"""Cards that follow cards: hubs that are paired tell one another of their present ones."""

"""From a lead sheet to a score: the band. Each player has a file."""

"""From a plan to a lead sheet: the trained networks, musical rules, and sampling."""

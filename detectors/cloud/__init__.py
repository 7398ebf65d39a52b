"""Facts of clouds' resources, whatever source declares or tells of them; pure, nothing is read here."""

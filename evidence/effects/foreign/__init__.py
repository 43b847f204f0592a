"""Files of other software: RevMan 5, RevMan's data packages, RIS."""

"""Other languages: English stands in the code, everything else in the catalogues of this room."""

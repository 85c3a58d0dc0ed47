"""What comes again and again is written once, as a loop."""

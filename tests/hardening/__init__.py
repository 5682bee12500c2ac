"""Bad requests and bad files by the thousand, put to the shipped handlers."""

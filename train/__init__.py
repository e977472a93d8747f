"""Readers, aligners and everything else that needs torch."""

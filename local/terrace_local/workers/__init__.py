"""Simulated workers: people who label, review and repair with a seeded error model."""

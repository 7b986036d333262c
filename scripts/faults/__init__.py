"""Faults as a table: damaged files, a disturbed engine, kills; ours beside two other toolkits."""

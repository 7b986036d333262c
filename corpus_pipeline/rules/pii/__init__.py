"""Rules for personal data: the pack, the checks that its rules name, the detector."""

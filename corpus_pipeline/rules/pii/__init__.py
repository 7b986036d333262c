"""The rules of personal data: detector and checks."""

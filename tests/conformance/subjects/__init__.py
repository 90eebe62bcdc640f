"""Subjects that the suite itself is judged by: `correct`, which it must let be, and `bad`, which it must catch."""

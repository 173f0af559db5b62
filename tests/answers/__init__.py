"""Right and wrong answers to the exercises: a module for each chapter, as `test_exercises` says."""

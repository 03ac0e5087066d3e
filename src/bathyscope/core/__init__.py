"""What every room stands on: maps, errors, files, progress, intervals, ranks."""

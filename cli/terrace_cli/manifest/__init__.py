"""Making what a labeling job starts from: manifests, sequence files, category files, uploads."""

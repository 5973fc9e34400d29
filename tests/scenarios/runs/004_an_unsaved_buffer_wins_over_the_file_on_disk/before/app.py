on disk

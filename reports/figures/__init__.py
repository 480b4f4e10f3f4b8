"""One figure a file. Each is a function from results to a figure; nothing here touches the disk."""

"""Pure text: finding the text a model means, line diffs, unified diffs and three-way merges. No I/O."""

"""Small implementations as others might have written them: they know of no seam, no engine and no checker."""

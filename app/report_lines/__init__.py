"""The lines of progress reports: what a reporter says of one activity, or that there is nothing to say."""

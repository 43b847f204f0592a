"""From a result to its document: what a report says, in order, whatever form it takes."""

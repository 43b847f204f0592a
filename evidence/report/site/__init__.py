"""The evidence site: static pages of questions, trials and claims that work from a folder."""

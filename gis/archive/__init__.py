"""From hourly files of a public archive of GitHub to a store: duplicates of repositories without their API."""

"""The ground floor: pure functions over frozen values. No file, no network, no clock."""

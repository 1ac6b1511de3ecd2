"""The booking platform in a box: cluster, installation, seed."""

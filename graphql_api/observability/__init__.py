"""What operators see of the server: its log, its metrics, its traces. The endpoint has one seam for all of them."""

"""Speed as ratios against peers: every figure comes from interleaved rounds of one run on one machine."""

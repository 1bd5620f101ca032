"""Writers that are killed: what they reported as acknowledged must be there."""

"""The scheduler: one pacing tick and the sweeps, nothing kept between them."""

"""How right attributions are: hypotheses, error control, names, on simulated worlds that nothing was fitted to."""

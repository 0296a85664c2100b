"""What the methods are called in tables, pictures and cards."""

LABELS = {
    "nearest": "nearest date",
    "linear": "linear interpolation",
    "PCHIP": "PCHIP",
    "Whittaker": "Whittaker, λ by cross-validation",
    "Savitzky-Golay": "Savitzky-Golay",
    "GP": "Gaussian process per pixel",
    "multi-output GP (S1 + S2)": "multi-output Gaussian process, S1 + S2",
    "GP + offset": "Gaussian process + offset of the scene",
    "GP + kriged residual": "Gaussian process + kriged residual",
    "1d-cnn": "1D CNN",
    "2d-cnn-lstm": "2D CNN-LSTM",
    "1d-cnn-transformer": "1D CNN-Transformer",
    "2d-cnn-transformer": "2D CNN-Transformer (the paper's step 1)",
    "paper-one-reference": "… + EDCSTFN, one reference",
    "paper": "… + EDCSTFN, two references (the paper)",
    "prior": "clearleaf: prior",
    "predicted": "clearleaf: step 1",
    "clearleaf": "**clearleaf**: step 2, as published",
    "clearleaf, adapted": "**clearleaf**, adapted to the place",
}
"""Name in the figures → name in the tables, in their order."""

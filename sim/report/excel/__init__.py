"""The parts of the live workbook: formulas from the model's own text, and the sheets that they stand on."""

"""The text of a variables file: HCL to nodes, with the place of each."""

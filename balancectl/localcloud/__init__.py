"""The whole stack on a laptop: emulator, alarm evaluation, simulated providers, inbox, demo."""

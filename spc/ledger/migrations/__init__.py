"""The migrations of the ledger, run by `Ledger.open`; package data, so that an installed program carries them."""

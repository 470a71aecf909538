"""The screen: draws rows of the store, writes intentions to the store, and knows nothing of the network."""

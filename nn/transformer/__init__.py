"""Networks over sequences: embeddings, attention, blocks of them, dropout, sampling."""

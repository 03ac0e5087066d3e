"""Does removing what a map marks change the answer, and keeping it preserve the answer?

Everything is computed from a game's values of the whole target: v(S) = Σ_t ln p(y_t | S), nats.
A map enters as a ranking of the features only; nothing here touches a model.
"""

"""Games, budgets, and methods that share a game's value among its features. NumPy only.

from bathyscope.games import Game, Budget, METHODS

game = Game(3, evaluate)  # coalitions (n, 3), True where present -> values (n, targets)
found = METHODS["shapley"].estimate(game, Budget(evaluations=8, seed=0))
found.values, found.standard_error  # (targets, 3)
"""

from bathyscope.games.estimate import Budget as Budget
from bathyscope.games.estimate import Estimate as Estimate
from bathyscope.games.game import Game as Game
from bathyscope.games.method import Method as Method
from bathyscope.games.methods import METHODS as METHODS

__all__ = ["METHODS", "Budget", "Estimate", "Game", "Method"]

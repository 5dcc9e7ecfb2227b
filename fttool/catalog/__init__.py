"""What services train, until when and at what price: dated tables, and the way to look something up in them.

    models.csv    what can be (or could be) trained where: methods, lengths, the days it ends
    prices.csv    USD for training and for use
    billing.csv   what a service counts, and how often it goes through the examples if it is not told

Each row says where its facts are from and when they were seen there. What is not known is not in the tables.
"""

from __future__ import annotations

"""The judge: reads what the far end saw and what was agreed, and nothing of the product.

It imports nothing of campanile. `evidence.py` says what it reads, `law.json` holds the
calling hours it judges by, one file a family of verdicts.
"""

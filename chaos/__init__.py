"""Campaigns under seeded faults, judged by a program that reads only the far end's log.

python -m chaos                         # a few minutes
python -m chaos --attempts 30000        # the release run
python -m chaos --mutations             # each guard removed in turn
python -m chaos.judge FOLDER            # the verdicts alone, again
"""

"""Are spoken opt-outs understood without the model, and nothing else taken for one?

    python benchmarks/opt_outs.py

Of each language, what people say, one utterance a line, in pairs of files
(`tests/unit/conversation/opt_outs/`): the tuning corpus, which the phrase grammar was
written from and of which nothing may be wrong, and the held-out one, which was written
before the grammar was last changed and is only counted: no line of it is shown, for
whoever saw which ones fail would tune by them. Recall is the share of the opt-outs that
is understood, precision the share of opt-outs among what was taken for one.
"""

from pathlib import Path

from campanile.conversation.opt_out import is_opt_out
from campanile.conversation.phrases import LANGUAGES

CORPORA = Path(__file__).parent.parent / "tests/unit/conversation/opt_outs"
NAMES = {"tuning": "", "held out": "held_out_"}


def main() -> None:
    print("language  corpus     opt-outs  others  understood  taken  recall  precision")
    for language in LANGUAGES:
        for name, prefix in NAMES.items():
            yes, no = (
                (CORPORA / f"{prefix}{language}_{kind}.txt").read_text().splitlines()
                for kind in ("yes", "no")
            )
            right = sum(is_opt_out(text, language) for text in yes)
            wrong = sum(is_opt_out(text, language) for text in no)
            print(
                f"{language:<8}  {name:<9}  {len(yes):>8}  {len(no):>6}  {right:>10}"
                f"  {wrong:>5}  {right / len(yes):>6.3f}  {right / (right + wrong):>9.3f}"
            )


if __name__ == "__main__":
    main()

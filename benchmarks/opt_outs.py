"""Are spoken opt-outs understood without the model, and nothing else taken for one?

    python benchmarks/opt_outs.py

Of each language, what people say, one utterance a line
(`tests/unit/conversation/opt_outs/`), in pairs of files:

- tuning: what the phrase grammar is written from; nothing of it may be wrong;
- held out: written, adversarially, before the grammar was last changed. Whoever changed
  it had written these lines and not forgotten them: what it says now is too good;
- fresh: written after that change, adversarially, and nothing was changed by it;
- everyday: what people say most, by somebody who had seen neither the grammar nor the
  other lines; nothing was changed by it. This and the fresh ones are to be quoted.

Of the last three no line is shown, for whoever sees which ones fail tunes by them. Recall
is the share of the opt-outs that is understood, precision the share of opt-outs among
what was taken for one. The columns below `in two` are of the same utterances, cut after
each of their words by a pause: shares of the cuts that are understood, and of others'
that are taken for an opt-out, when the second part has come.
"""

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

from campanile.conversation.directly_before import Before
from campanile.conversation.opt_out import is_opt_out, is_opt_out_after
from campanile.conversation.phrases import LANGUAGES

CORPORA = Path(__file__).parent.parent / "tests/unit/conversation/opt_outs"
NAMES = {
    "tuning": "",
    "held out": "held_out_",
    "fresh": "fresh_",
    "everyday": "everyday_",
}


def main() -> None:
    print(f"{'':64}     in two")
    print(
        "language  corpus    opt-outs  others  understood  taken"
        "  recall  precision  understood  taken"
    )
    for language, (name, prefix) in product(LANGUAGES, NAMES.items()):
        yes, no = (
            (CORPORA / f"{prefix}{language}_{kind}.txt").read_text().splitlines()
            for kind in ("yes", "no")
        )
        right = sum(is_opt_out(text, language) for text in yes)
        wrong = sum(is_opt_out(text, language) for text in no)
        print(
            f"{language:<8}  {name:<8}  {len(yes):>8}  {len(no):>6}  {right:>10}"
            f"  {wrong:>5}  {right / len(yes):>6.3f}  {right / (right + wrong):>9.3f}"
            f"  {share(yes, language, understood):>10.3f}"
            f"  {share(no, language, together):>5.3f}"
        )


def share(
    texts: list[str], language: str, judge: Callable[[str, str, str], bool]
) -> float:
    """Of all cuts."""
    judged = [judge(*cut, language) for text in texts for cut in cuts(text)]
    return sum(judged) / len(judged)


def cuts(text: str) -> Iterator[tuple[str, str]]:
    words = text.split()
    for first in range(1, len(words)):
        yield " ".join(words[:first]), " ".join(words[first:])


def understood(first: str, second: str, language: str) -> bool:
    return is_opt_out(first, language) or together(first, second, language)


def together(first: str, second: str, language: str) -> bool:
    return is_opt_out_after(Before((first,)), second, language)


if __name__ == "__main__":
    main()

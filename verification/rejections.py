"""The sentences that stand for an answer where there is none (papers V1, appendix B.3).

They are data of the corpus, in the language of its questions, and so are not translated.
"""

from typing import Final

from verification.models import QAChoice

REJECTION_ANSWERS: Final = {
    QAChoice.UNANSWERABLE: "This question is unanswerable according to the image.",
    QAChoice.WRONG_TAG: "The object in this region is incorrectly labeled.",
}
